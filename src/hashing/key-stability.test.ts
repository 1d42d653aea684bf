import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { keyValues } from "../../tests/fixtures/key-values.ts";
import { digestOf, keyFormatVersion } from "./encode.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`../../tests/fixtures/${name}`, import.meta.url));
const frozen = JSON.parse(readFileSync(fixture("key-digests-v1.json"), "utf8")) as Record<string, string>;

const digestsBy = (node: string): unknown =>
  JSON.parse(execFileSync(node, ["--no-warnings", fixture("print-key-digests.ts")], { encoding: "utf8" }));

describe("the digests of values", () => {
  it("have not drifted: whoever means to change them raises keyFormatVersion and freezes them anew", () => {
    expect(keyFormatVersion).toBe(1);
    expect(Object.keys(frozen)).toEqual(Object.keys(keyValues));
  });

  it.each(Object.entries(keyValues))("are frozen: %s", async (name, make) => {
    expect(await digestOf(make())).toBe(frozen[name]);
  });

  it("are the same in another process", () => {
    expect(digestsBy(process.execPath)).toEqual(frozen);
  });

  // Without the prefix OXBOW_, which tests/setup.ts clears.
  const node22 = process.env["TEST_NODE22"];
  it(`are the same on Node 22${node22 ? "" : " (skipped: TEST_NODE22 names no Node 22 binary)"}`, ({ skip }) => {
    if (!node22) return skip("set TEST_NODE22 to the path of a Node 22 binary");
    expect(digestsBy(node22)).toEqual(frozen);
  });
});
