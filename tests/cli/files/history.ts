import { flow, getLogger, INPUTS, pauseFlowRun, suspendFlowRun, task, type Task } from "../../../src/index.ts";

export const load: Task<[day: string], string[]> = task(
  "load",
  { cachePolicy: INPUTS, persistResult: true, tags: ["io"] },
  async (day: string) => {
    getLogger().info(`loading ${day}`);
    return [day, process.env["OXBOW_TEST_CLI_FAILS"] ?? ""];
  },
);

export const etl: unknown = flow("etl", { tags: ["nightly"] }, async (day = "mo", password = "none") => {
  const [loaded] = await load(day);
  if (process.env["OXBOW_TEST_CLI_FAILS"]) throw new Error(`no data for ${loaded}`);
  return `${loaded} ${password.length}`;
});

export const approval: unknown = flow("approval", async () => {
  const answer = await suspendFlowRun({ message: "publish it?" });
  return { answer };
});

export const waiting: unknown = flow("waiting", async () => pauseFlowRun({ message: "still there?" }));
