// Tasks that are cached together or not at all: inside a transaction, results are written when all of it has succeeded.
import { flow, task, transaction } from "oxbow";

const loadData = task("load-data", { cacheKeyFn: () => "static-key-1" }, () => {
  console.log("load-data running");
  return "some-data";
});

const processData = task("process-data", { cacheKeyFn: () => "static-key-2" }, (data: string, fail: boolean) => {
  console.log("process-data running");
  if (fail) throw new Error("Error! Abort!");
  return data.length;
});

const multiTaskCache = flow("multi-task-cache", async (fail = true) => {
  await transaction(async () => {
    const data = await loadData();
    await processData(data, fail);
  });
});

async function report(name: string): Promise<void> {
  const [loaded, processed] = [await loadData.explain(), await processData.explain("some-data", false)];
  console.log(`${name}; load-data: ${loaded.outcome}, process-data: ${processed.outcome}`);
}

// load-data succeeds, process-data does not: neither is stored.
await report((await multiTaskCache.run()).name);
// Both run again, and both are stored.
await report((await multiTaskCache.run(false)).name);
// Nothing runs.
await report((await multiTaskCache.run(false)).name);
