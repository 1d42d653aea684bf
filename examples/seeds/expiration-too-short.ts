// An expiry that is too short looks as if there were no cache. The reason of the miss tells the two apart.
import { setTimeout } from "node:timers/promises";
import { INPUTS, task } from "oxbow";

const loadTable = task("load-table", { cachePolicy: INPUTS, cacheExpiration: "20ms" }, (name: string) =>
  name.toUpperCase(),
);

await loadTable("customers");
await setTimeout(50);

const expired = await loadTable.explain("customers");
console.log(`${expired.outcome}, expired: ${expired.reason.includes("expired")}`);

const unknown = await loadTable.explain("orders");
console.log(`${unknown.outcome}, expired: ${unknown.reason.includes("expired")}`);
