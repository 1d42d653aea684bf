import { describe, expect, it } from "vitest";
import { storageChecks, storageSuite } from "../testing/storage-suite.ts";
import { memoryStorage } from "./memory.ts";

const reason = "memory is not shared: every memoryStorage() is a place of its own";
const skip = Object.fromEntries(
  storageChecks.filter((check) => check.needsAnother).map((check) => [check.title, reason]),
);

storageSuite({ describe, it }, "memoryStorage()", () => ({ storage: memoryStorage() }), { skip });

describe("memoryStorage()", () => {
  it("has a place of its own for every call", () => {
    expect(memoryStorage().location).not.toBe(memoryStorage().location);
  });

  it("hands out metadata that cannot be changed", async () => {
    const storage = memoryStorage();
    const metadata = {
      formatVersion: 1,
      key: "k",
      createdAt: 1,
      serializer: "json",
      size: 0,
      sha256: "0".repeat(64),
      durationMs: 1,
      taskName: "t",
      taskRunId: "r",
      tags: [],
      components: {},
    };
    await storage.put(metadata, []);
    const found = await storage.head("k");
    expect(() => Object.assign(found!.components, { x: "y" })).toThrow(TypeError);
    expect(() => Object.assign(found!, { key: "other" })).toThrow(TypeError);
  });
});
