import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { complaints, findingsOf } from "../../../tests/fixtures/doctor.ts";
import { runtime } from "./runtime.ts";

it("a Node that can do everything passes", async () => {
  const found = await findingsOf(runtime, { machine: { hasZstd: true } });
  expect(complaints(found)).toEqual([]);
  expect(found).toHaveLength(3);
});

it("a Node that is too old, or cannot compress with zstd, is named", async () => {
  const found = await findingsOf(runtime, { machine: { nodeVersion: "20.11.0", hasZstd: false } });
  expect(complaints(found)).toEqual([
    "fail Node: Node 20.11.0 is too old: this release needs >=22.13",
    "warn zstd: This Node cannot compress with zstd",
  ]);
});

it("a Node without node:sqlite is named, by a process that has none", () => {
  const module = JSON.stringify(join(import.meta.dirname, "..", "index.ts"));
  const script = `
    const { examine } = await import(${module});
    for await (const { status, subject } of examine({ checks: ["runtime"] })) console.log(status, subject);`;
  const flags = process.features.typescript ? [] : ["--experimental-strip-types"];
  const { stdout } = spawnSync(
    process.execPath,
    [...flags, "--no-warnings", "--no-experimental-sqlite", "--input-type=module", "-e", script],
    { encoding: "utf8" },
  );
  expect(stdout).toContain("pass Node\nfail node:sqlite\n");
});
