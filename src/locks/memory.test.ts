import { describe, expect, it } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import { lockSuite } from "../testing/lock-suite.ts";
import { leaseLocks } from "./lease-locks.ts";
import { MemoryMedium, memoryLocks } from "./memory.ts";

lockSuite({ describe, it }, "memoryLocks()", (options) => {
  const medium = new MemoryMedium(systemClock);
  return { locks: leaseLocks(medium, options), another: () => leaseLocks(medium, { lease: options.lease }) };
});

describe("memoryLocks()", () => {
  it("has a place of its own for every call", () => {
    expect(memoryLocks().location).not.toBe(memoryLocks().location);
  });
});
