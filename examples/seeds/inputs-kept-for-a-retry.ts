// What a task needs to run again is kept by itself: a retry gets the same inputs, and what was computed for them is not
// computed again.
import { flow, getRunContext, task } from "oxbow";

const download = task("download", (name: string) => {
  console.log(`downloading ${name}`);
  return `content of ${name}`;
});

const publish = task("publish", { retries: 2 }, (text: string) => {
  const attempt = getRunContext()?.attempt;
  console.log(`attempt ${attempt} with "${text}"`);
  if (attempt === 1) throw new Error("The server is busy");
  return "published";
});

const newsletter = flow("newsletter", async () => publish.submit(download.submit("news")));

console.log(await newsletter());
