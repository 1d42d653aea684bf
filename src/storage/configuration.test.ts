import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { fileLocks } from "../locks/file.ts";
import { memoryLocks } from "../locks/memory.ts";
import { sqliteLocks } from "../locks/sqlite.ts";
import { fileStorage } from "./file.ts";
import { memoryStorage } from "./memory.ts";
import { sqliteStorage } from "./sqlite.ts";

describe.each([
  ["file", fileStorage, fileLocks],
  ["sqlite", sqliteStorage, sqliteLocks],
] as const)("Storage and locks of the kind %s", (type, storage, locks) => {
  it("say how they could be made again, from any working directory", () => {
    const args = [resolve("results"), {}];
    expect(storage("results").configuration).toEqual({ type, args });
    expect(locks("results").configuration).toEqual({ type, args });
    expect(storage("/r", { durability: "power" }).configuration?.args).toEqual(["/r", { durability: "power" }]);
    expect(locks("/r", { lease: "10s" }).configuration?.args).toEqual(["/r", { lease: "10s" }]);
  });

  it("do not, where something alive is part of them", () => {
    expect(locks("results", { clock: systemClock }).configuration).toBeUndefined();
  });

  it("refuse options that there are not", () => {
    expect(() => storage("results", { durabilty: "power" } as object)).toThrow(/did you mean "durability"/);
    expect(() => storage("results", { durability: "pwoer" } as object)).toThrow(ConfigurationError);
    expect(() => locks("results", { leas: "10s" } as object)).toThrow(/did you mean "lease"/);
  });
});

describe("Storage and locks in memory", () => {
  it("cannot be made again", () => {
    expect(memoryStorage().configuration).toBeUndefined();
    expect(memoryLocks().configuration).toBeUndefined();
  });
});
