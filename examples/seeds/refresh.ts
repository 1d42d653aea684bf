// `refreshCache` runs the task anyway and overwrites the record: for a flow whose work is to renew the cache.
import { task } from "oxbow";

function staticCacheKey(): string {
  return "static cache key";
}

const cachingTask = task("caching-task", { cacheKeyFn: staticCacheKey, refreshCache: true }, () => Math.random());
const reader = cachingTask.withOptions({ refreshCache: false });

const first = await cachingTask.run();
const second = await cachingTask.run();
console.log(`${second.name}, ${second.decision}`);
console.log(`computed again: ${first.result() !== second.result()}`);
console.log(`the record is the new one: ${(await reader()) === second.result()}`);
