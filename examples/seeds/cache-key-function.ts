// A function can make the key itself. One that returns a constant gives every call the same record.
import { task } from "oxbow";

function staticCacheKey(): string {
  return "static cache key";
}

const myCachedTask = task("my-cached-task", { cacheKeyFn: staticCacheKey }, (x: number) => x + 1);

console.log(await myCachedTask(1));
console.log(await myCachedTask(100)); // the result of the first call
