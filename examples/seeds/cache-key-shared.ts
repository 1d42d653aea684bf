// `cacheKey` is what the output is stored under. Tasks and flows that have it in common share it.
import { flow, task } from "oxbow/classic";

const fetchRates = task("fetch-rates", { cacheFor: { hours: 1 }, cacheKey: "rates" }, () => {
  console.log("fetching");
  return { EUR: 1, USD: 1.1 };
});

const readRates = task("read-rates", { cacheFor: { hours: 1 }, cacheKey: "rates" }, () => {
  console.log("reading the file of rates");
  return { EUR: 1, USD: 1.1 };
});

const morning = flow("morning", async () => (await fetchRates.run()).name);
const evening = flow("evening", async () => (await readRates.run()).name);

console.log(await morning());
console.log(await evening());
