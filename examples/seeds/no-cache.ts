// NO_CACHE never makes a key: the task always runs, and its result is not stored.
import { flow, NO_CACHE, task } from "oxbow";

const readClock = task("read-clock", { cachePolicy: NO_CACHE, persistResult: true }, () => Date.now());

const readTwice = flow("read-twice", async () => {
  await readClock();
  const state = await readClock.run();
  console.log(`${state.name}, ${state.decision}; stored: ${state.persisted}`);
});

await readTwice();
