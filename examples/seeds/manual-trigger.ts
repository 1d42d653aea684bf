// A task with a manual trigger waits for somebody. Away from a terminal the flow run is suspended; who resumes it has said yes,
// and what had succeeded before is not computed again.
import { flow, INPUTS, openHistory, resumeFlowRun, task, TASK_SOURCE } from "oxbow";

const cachePolicy = INPUTS.and(TASK_SOURCE);

const build = task("build", { cachePolicy }, (version: string) => {
  console.log(`building ${version}`);
  return `app-${version}.tgz`;
});

const deploy = task("deploy", { cachePolicy, trigger: "manual" }, (file: string) => {
  console.log(`deploying ${file}`);
  return "deployed";
});

const release = flow("release", async (version: string) => deploy(await build(version)));

const suspended = await release.run("1.2");
console.log(`${suspended.name}: ${suspended.message}`);

// What `oxbow flow-run resume` does, in another process, days later.
const history = await openHistory();
const [run] = await history.flowRuns.list({ of: "release" });
for (const { flowRunId, name } of await history.questions.list(run!.id)) {
  await history.questions.answer(flowRunId, name, "true", Date.now());
}
const resumed = await resumeFlowRun(release, run!.id);
console.log(`${resumed.name}: ${resumed.result()}`);
