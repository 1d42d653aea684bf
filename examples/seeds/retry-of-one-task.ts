// A task run that failed keeps its inputs in the result storage: that one task runs again, alone, in another process if need be.
import { flow, openHistory, retryTaskRun, task } from "oxbow";

let serverIsUp = false;

const download = task("download", (name: string) => {
  console.log(`downloading ${name}`);
  return `content of ${name}`;
});

const upload = task("upload", (text: string) => {
  if (!serverIsUp) throw new Error("The server is down");
  return `uploaded "${text}"`;
});

const copy = flow("copy", async (name: string) => upload(await download(name)));

console.log((await copy.run("data.csv")).name);

// What `oxbow task-run retry` does.
serverIsUp = true;
const [failed] = await (await openHistory()).taskRuns.list({ of: "upload", state: "FAILED" });
console.log((await retryTaskRun(upload, failed!.id)).result());
