// A cache in memory ends with the process; the default one does not. Run this twice: only the second task is still known.
import { INPUTS, memoryStorage, task } from "oxbow";

const forNow = task("for-now", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, (x: number) => x + 1);
const forLater = task("for-later", { cachePolicy: INPUTS }, (x: number) => x + 1);

for (const each of [forNow, forLater]) {
  console.log(`${each.name}: ${(await each.run(1)).name}, then ${(await each.run(1)).name}`);
}
