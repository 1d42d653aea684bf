// One setting refreshes all tasks, for a run that is to use nothing of what is stored. The environment does it too:
// OXBOW_TASKS_REFRESH_CACHE=true node examples/seeds/refresh-all.ts
import { flow, INPUTS, task, withSettings } from "oxbow";

const addOne = task("add-one", { cachePolicy: INPUTS }, (x: number) => x + 1);

const myFlow = flow("my-flow", async () => {
  const state = await addOne.run(1);
  console.log(`${state.name}, ${state.decision?.outcome}`);
});

await myFlow();
await myFlow();
await withSettings({ tasks: { refreshCache: true } }, () => myFlow());
