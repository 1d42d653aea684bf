// A flow that failed picks up where it left off: what had succeeded is stored, and a failure never is.
import { flow, INPUTS, task, TASK_SOURCE } from "oxbow";

const cachePolicy = INPUTS.and(TASK_SOURCE);
let serverIsUp = false;

const download = task("download", { cachePolicy }, (name: string) => {
  console.log(`downloading ${name}`);
  return `content of ${name}`;
});

const upload = task("upload", { cachePolicy }, (text: string) => {
  console.log(`uploading ${text}`);
  if (!serverIsUp) throw new Error("The server is down");
  return text.length;
});

const copy = flow("copy", async (name: string) => upload(await download(name)));

console.log((await copy.run("data.csv")).name);
serverIsUp = true;
console.log((await copy.run("data.csv")).name);
