// `refreshCache: false` holds against the setting: such a task reads the record that is there, and writes only one
// that is missing.
import { task, withSettings } from "oxbow";

function staticCacheKey(): string {
  return "static cache key";
}

const cachingTask = task("caching-task", { cacheKeyFn: staticCacheKey, refreshCache: false }, () => Math.random());

await withSettings({ tasks: { refreshCache: true } }, async () => {
  const first = await cachingTask.run();
  const second = await cachingTask.run();
  console.log(`${first.name}, then ${second.name}`);
  console.log(`the same number: ${first.result() === second.result()}`);
});
