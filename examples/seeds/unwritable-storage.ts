// A storage that cannot be written says so: in the log, and on the state. The task itself is not harmed.
import { join } from "node:path";
import { INPUTS, task } from "oxbow";

// A folder inside a file is a folder that nobody can make.
const resultStorage = join(import.meta.filename, "results");

const addOne = task("add-one", { cachePolicy: INPUTS, resultStorage }, (x: number) => x + 1);

const state = await addOne.run(1);
console.log(`${state.name} ${state.result()}, stored: ${state.persisted}`);
console.log(`the reason tells: ${state.decision?.reason.includes("could not be stored")}`);
