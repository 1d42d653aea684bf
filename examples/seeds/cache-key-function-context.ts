// A key function gets the context of the run, with the ids of task run and flow run and the task itself, and the
// inputs by parameter name.
import { flow, type RunContext, task } from "oxbow";

function perFlowAndPoint({ taskRun, flowRun }: RunContext, inputs: Record<string, unknown>): string {
  return `${flowRun?.flow.name}.${taskRun?.task.name}.${inputs["x"]}.${inputs["y"]}`;
}

const measure = task("measure", { cacheKeyFn: perFlowAndPoint }, (x: number, y: number, z: number) => x * y * z);

const survey = flow("survey", async () => {
  for (const z of [10, 20]) {
    const state = await measure.run(2, 3, z);
    console.log(`${state.decision?.key}: ${state.name} ${state.result()}`);
  }
});

await survey();
