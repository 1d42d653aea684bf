// Outside a flow, RUN_ID is the id of the task run: with the default policy every call is a run of its own.
import { DEFAULT, task } from "oxbow";

const square = task("square", { cachePolicy: DEFAULT }, (x: number) => {
  console.log(`squaring ${x}`);
  return x * x;
});

console.log((await square.run(3)).name);
console.log((await square.run(3)).name);
