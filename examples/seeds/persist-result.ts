// The simplest way to cache results within a flow: `persistResult`. The log says of each call what the cache did.
import { flow, task } from "oxbow";

const addOne = task("add-one", { persistResult: true }, (x: number) => x + 1);

const myFlow = flow("my-flow", async () => {
  console.log(await addOne(1)); // will not be cached
  console.log(await addOne(1)); // will be cached
  console.log(await addOne(2)); // will not be cached
});

await myFlow();
