// A task that keeps its result to itself is never cached, whatever its policy is.
import { INPUTS, task } from "oxbow";

const addOne = task("add-one", { cachePolicy: INPUTS, persistResult: false }, (x: number) => x + 1);

await addOne(1);
const state = await addOne.run(1);
console.log(`${state.name}, ${state.decision}`);
