// An expiry binds every task that shares the key: this one would keep results for ever, but the record is not its own.
import { setTimeout } from "node:timers/promises";
import { INPUTS, task } from "oxbow";

const shortLived = task("short-lived", { cachePolicy: INPUTS, cacheExpiration: "1s" }, (x: number) => x + 1);
const longLived = task("long-lived", { cachePolicy: INPUTS }, (x: number) => x + 1);

await shortLived(1);
console.log((await longLived.run(1)).name);
await setTimeout(1100);
console.log((await longLived.run(1)).name);
