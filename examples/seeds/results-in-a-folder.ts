// A cache key says where a result is stored: in a folder, the name of the file is the key.
import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { INPUTS, task } from "oxbow";

const folder = join(process.env["OXBOW_HOME"] ?? join(homedir(), ".oxbow"), "sums");

const add = task("add", { cachePolicy: INPUTS, resultStorage: folder }, (x: number, y: number) => x + y);

const key = (await add.run(1, 2)).decision?.key ?? "";
console.log(`the key is the name of a file: ${(await readdir(folder)).includes(key)}`);

const [metadata = "", value] = (await readFile(join(folder, key), "utf8")).split("\n");
console.log(`the first line tells where it is from: ${(JSON.parse(metadata) as { taskName: string }).taskName}`);
console.log(`the rest is the value: ${value}`);
