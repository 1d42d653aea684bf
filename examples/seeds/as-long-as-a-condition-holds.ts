// A result may be used for as long as some condition holds: `validate` is asked about a record that was found.
import { INPUTS, task } from "oxbow";

let catalogueChangedAt = 0;

const price = task(
  "price",
  { cachePolicy: INPUTS, validate: (record) => record.createdAt > catalogueChangedAt },
  (article: string) => article.length * 10,
);

console.log(`${(await price.run("lamp")).decision?.outcome}`);
console.log(`${(await price.run("lamp")).decision?.outcome}`);
catalogueChangedAt = Date.now() + 1;
console.log(`${(await price.run("lamp")).decision}`);
