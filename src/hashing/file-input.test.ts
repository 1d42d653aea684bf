import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HashError } from "../kernel/errors.ts";
import { encode } from "./encode.ts";
import { fileInput } from "./file-input.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-file-input-"));
  path = join(folder, "data.csv");
  writeFileSync(path, "a,b\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("fileInput", () => {
  it("is a path to its user", () => {
    expect(fileInput(path).path).toBe(path);
    expect(String(fileInput(path))).toBe(path);
  });

  it("is told apart by path, size and time of change", () => {
    const before = encode(fileInput(path), "args");
    expect(encode(fileInput(path), "args")).toBe(before);
    utimesSync(path, 1, 1);
    const touched = encode(fileInput(path), "args");
    expect(touched).not.toBe(before);
    writeFileSync(path, "a,b,c\n");
    utimesSync(path, 1, 1);
    expect(encode(fileInput(path), "args")).not.toBe(touched);
  });

  it("is told apart by content alone when asked", async () => {
    const file = (at: string) => encode([fileInput(at, { by: "content" })], "args");
    const before = await file(path);
    utimesSync(path, 1, 1);
    const moved = join(folder, "moved.csv");
    renameSync(path, moved);
    expect(await file(moved)).toBe(before);
    writeFileSync(moved, "a,c\n");
    expect(await file(moved)).not.toBe(before);
  });

  it("that is missing is refused by path, with the cause", async () => {
    const nowhere = join(folder, "nowhere");
    expect(() => encode({ file: fileInput(nowhere) }, "args")).toThrow(HashError);
    const error: unknown = await Promise.resolve(encode({ file: fileInput(nowhere, { by: "content" }) }, "args")).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(HashError);
    expect(error).toMatchObject({ path: "args.file", valueType: "FileInput", cause: { code: "ENOENT" } });
  });
});
