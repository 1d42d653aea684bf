// An input that differs from call to call, such as the time, makes every key new. Leave it out of the key.
import { INPUTS, task } from "oxbow";

const summarise = task(
  "summarise",
  { cachePolicy: INPUTS },
  (text: string, requestedAt: Date) => `${requestedAt.getUTCFullYear()}: ${text.slice(0, 5)}`,
);

console.log((await summarise.run("hello world", new Date("2024-05-01T10:00:00.000Z"))).name);
console.log((await summarise.run("hello world", new Date("2024-05-01T10:00:00.001Z"))).name);

const stable = summarise.withOptions({ cachePolicy: INPUTS.omit("requestedAt") });
console.log((await stable.run("hello world", new Date("2024-05-01T10:00:00.002Z"))).name);
console.log((await stable.run("hello world", new Date("2024-05-01T10:00:00.003Z"))).name);
