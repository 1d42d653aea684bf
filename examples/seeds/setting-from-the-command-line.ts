// A setting that is saved from the command line holds for every process with this profile.
import { execFileSync } from "node:child_process";
import { flow, task } from "oxbow";

const oxbow = (...args: string[]): string =>
  execFileSync(process.execPath, ["node_modules/oxbow/dist/cli/main.js", ...args], { encoding: "utf8" }).trim();

oxbow("config", "set", "OXBOW_RESULTS_PERSIST_BY_DEFAULT=true");
console.log(
  oxbow("config", "view")
    .match(/results\.persistByDefault.*/)![0]
    .replaceAll(/\s+/g, " ")
    .replace(/ profile .*/, ""),
);

const addOne = task("add-one", (x: number) => x + 1);
const twice = flow("twice", async () => [(await addOne.run(1)).name, (await addOne.run(1)).name]);
console.log(await twice());
