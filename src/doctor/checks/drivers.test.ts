import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { complaints, findingsOf } from "../../../tests/fixtures/doctor.ts";
import { deleteBlock, saveBlock } from "../../defaults/blocks.ts";
import { redisStorage } from "../../storage/redis.ts";
import { drivers } from "./drivers.ts";

const settings = { database: { url: "postgres://db.example/runs" }, history: { enabled: true } };

it("nothing is needed where nothing is configured", async () => {
  const found = await findingsOf(drivers);
  expect(found).toMatchObject([{ status: "pass", message: "nothing that is configured needs a package beside oxbow" }]);
});

it("packages that are installed pass, with who needs them", async () => {
  const reference = await saveBlock("cache", redisStorage("redis://127.0.0.1:1"));
  const found = await findingsOf(drivers, {
    settings: { ...settings, results: { defaultStorageBlock: "block:s3/r" } },
  });
  expect(complaints(found)).toEqual([]);
  expect(found.map(({ subject, message }) => `${subject}: ${message.replace(/\d[\d.]*/, "N")}`)).toEqual([
    "pg: version N is installed; database.url needs it",
    "@aws-sdk/client-s3: version N is installed; results.defaultStorageBlock (block:s3/r) needs it",
    `ioredis: version N is installed; ${reference} needs it`,
  ]);
  await deleteBlock(reference);
});

it("a version that this release was not made for is named", async () => {
  expect(complaints(await findingsOf(drivers, { settings, machine: { installed: () => "9.1.0" } }))).toEqual([
    "warn pg: Version 9.1.0 is installed, and this release was made for ^8.0.0; database.url needs it",
  ]);
});

it("a package that is not installed fails, in a process that has none", () => {
  const script = `
    const Module = require("node:module");
    const original = Module._resolveFilename;
    Module._resolveFilename = (request, ...rest) => {
      if (request === "pg") throw Object.assign(new Error("Cannot find module 'pg'"), { code: "MODULE_NOT_FOUND" });
      return original(request, ...rest);
    };
    import(${JSON.stringify(join(import.meta.dirname, "..", "index.ts"))}).then(async ({ examine }) => {
      const options = { settings: ${JSON.stringify(settings)}, checks: ["drivers"] };
      for await (const { status, subject, message, remedy } of examine(options)) console.log(status, subject, message, remedy);
    });`;
  const flags = process.features.typescript ? [] : ["--experimental-strip-types"];
  const { stdout } = spawnSync(process.execPath, [...flags, "--no-warnings", "-e", script], { encoding: "utf8" });
  expect(stdout).toBe("fail pg It is not installed, and database.url needs it npm install pg\n");
});
