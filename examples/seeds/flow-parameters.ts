// FLOW_PARAMETERS makes the key of what the surrounding flow was called with; the inputs of the task do not count.
import { flow, FLOW_PARAMETERS, task } from "oxbow";

const loadTable = task("load-table", { cachePolicy: FLOW_PARAMETERS }, (mirror: string) => {
  console.log(`loading from ${mirror}`);
  return ["Ana", "Luis"];
});

const report = flow("report", async (country: string, year: number) => {
  await loadTable("the first mirror");
  await loadTable("the second mirror");
  console.log(`${country} ${year} is ready`);
});

await report("Peru", 2024);
await report("Peru", 2024);
await report("Peru", 2025);
