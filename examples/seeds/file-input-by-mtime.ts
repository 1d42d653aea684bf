// A file as an input: its key is made of path, size and time of the last change, so that nothing is read for it.
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileInput, INPUTS, task } from "oxbow";

const folder = join(process.env["OXBOW_HOME"] ?? join(homedir(), ".oxbow"), "inputs");
const path = join(folder, "table.csv");
await mkdir(folder, { recursive: true });
await writeFile(path, "a,b\n1,2\n");
await utimes(path, new Date(), new Date("2024-01-01"));

const countLines = task("count-lines", { cachePolicy: INPUTS }, async (file: { path: string }) => {
  console.log("reading");
  return (await readFile(file.path, "utf8")).split("\n").length - 1;
});

console.log(await countLines(fileInput(path)));
console.log(await countLines(fileInput(path)));

await writeFile(path, "a,b\n1,2\n3,4\n");
console.log(await countLines(fileInput(path)));

// Where times are not to be trusted, the content decides.
console.log(await countLines(fileInput(path, { by: "content" })));
await utimes(path, new Date(), new Date("2025-01-01"));
console.log(await countLines(fileInput(path, { by: "content" })));
