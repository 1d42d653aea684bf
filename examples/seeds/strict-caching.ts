// Where a run without its cache is worse than no run, `caching.strict` makes every failure of the cache an error.
import { join } from "node:path";
import { CachingError, INPUTS, task, withSettings } from "oxbow";

const resultStorage = join(import.meta.filename, "results"); // a folder inside a file cannot be made
const addOne = task("add-one", { cachePolicy: INPUTS, resultStorage }, (x: number) => x + 1);
const callIt = task("call-it", { cachePolicy: INPUTS }, (fn: () => number) => fn());

await withSettings({ caching: { strict: true } }, async () => {
  const unwritable = await addOne.run(1);
  console.log(`${unwritable.name}, ${unwritable.error instanceof CachingError}`);

  const withoutKey = await callIt.run(() => 1);
  console.log(`${withoutKey.name}, ${withoutKey.error instanceof CachingError}`);
});
