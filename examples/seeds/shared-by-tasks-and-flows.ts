// The same key is the same record: one task in two flows shares its results, and so do two tasks.
import { flow, INPUTS, task } from "oxbow";

const double = task("double", { cachePolicy: INPUTS }, (x: number) => x * 2);
const twice = task("twice", { cachePolicy: INPUTS }, (x: number) => x + x);

const monday = flow("monday", async () => {
  console.log(`monday, double: ${(await double.run(21)).name}`);
});

const tuesday = flow("tuesday", async () => {
  console.log(`tuesday, double: ${(await double.run(21)).name}`);
  const state = await twice.run(21);
  console.log(`tuesday, twice: ${state.name} ${state.result()}`);
});

await monday();
await tuesday();
