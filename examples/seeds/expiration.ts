// `cacheExpiration` is stored with the result: from then on the record is not used.
import { setTimeout } from "node:timers/promises";
import { INPUTS, task } from "oxbow";

const weather = task("weather", { cachePolicy: INPUTS, cacheExpiration: "1s" }, (city: string) => `sunny in ${city}`);

console.log((await weather.run("Lima")).name);
console.log((await weather.run("Lima")).name);
await setTimeout(1100);
console.log((await weather.run("Lima")).name); // expired
