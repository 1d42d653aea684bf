// The same for the default storage, the embedded database in Oxbow's home.
import { INPUTS, task, withSettings } from "oxbow";

const addOne = task("add-one", { cachePolicy: INPUTS }, (x: number) => x + 1);

// This home is a file.
const state = await withSettings({ home: import.meta.filename }, () => addOne.run(1));
console.log(`${state.name} ${state.result()}, stored: ${state.persisted}`);
console.log(`the reason tells: ${state.decision?.reason.includes("could not be stored")}`);
