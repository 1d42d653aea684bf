// `cacheValidator` says which stored results a call may use: `durationOnly` any of the last hour, the others look closer.
import { allInputs, durationOnly, flow, neverUse, partialInputsOnly, partialParametersOnly, task } from "oxbow/classic";

const cacheFor = "1 hour";
const say = (city: string, unit: string) => `${city} in ${unit}`;

const tasks = [
  task("duration-only", { cacheFor, cacheValidator: durationOnly }, say),
  task("all-inputs", { cacheFor, cacheValidator: allInputs }, say),
  task("partial-inputs-only", { cacheFor, cacheValidator: partialInputsOnly(["city"]) }, say),
  task("partial-parameters-only", { cacheFor, cacheValidator: partialParametersOnly(["day"]) }, say),
  task("never-use", { cacheFor, cacheValidator: neverUse }, say),
  // one of our own: it is asked about the record that was found, with the inputs and the parameters of the flow
  task("until-noon", { cacheFor, cacheValidator: (_record, _inputs, { hour }) => Number(hour) < 12 }, say),
];

const report = flow("report", async (day: string, hour: number) => {
  console.log(`${day} at ${hour}`);
  for (const each of tasks) {
    const states = [await each.run("Rome", "km"), await each.run("Rome", "miles"), await each.run("Oslo", "km")];
    console.log(`  ${each.name}: ${states.map((state) => `${state.name} ${state.result()}`).join(", ")}`);
  }
});

await report("Monday", 9);
await report("Monday", 15);
await report("Tuesday", 9);
