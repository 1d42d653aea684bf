// The default policy is INPUTS, TASK_SOURCE and RUN_ID together: in one run of a flow, equal calls are computed once.
import { DEFAULT, flow, task } from "oxbow";

const square = task("square", { cachePolicy: DEFAULT }, (x: number) => {
  console.log(`squaring ${x}`);
  return x * x;
});

const squares = flow("squares", async () => [await square(3), await square(3), await square(4)]);

console.log(await squares());
console.log(await squares()); // another run, so everything is computed again
