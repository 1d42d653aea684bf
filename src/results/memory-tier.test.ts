import { describe, expect, it } from "vitest";
import { MemoryTier, type MemoryEntry } from "./memory-tier.ts";

const entry = (bytes: number): MemoryEntry => ({ metadata: {} as never, payload: new Uint8Array(bytes), version: 1 });

describe("the memory tier", () => {
  it("holds no more entries than it may, and drops the one that was used longest ago", () => {
    const tier = new MemoryTier({ entries: 2, bytes: 1e6 });
    tier.set("a", entry(1));
    tier.set("b", entry(1));
    tier.get("a");
    tier.set("c", entry(1));
    expect([tier.get("a"), tier.get("b"), tier.get("c")].map((found) => found !== undefined)).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("holds no more bytes than it may, and counts them right through replacing and deleting", () => {
    const tier = new MemoryTier({ entries: 1000, bytes: 100_000 });
    for (let n = 0; n < 500; n++) tier.set(`k${n % 90}`, entry((n * 37) % 5000));
    expect(tier.bytes).toBeLessThanOrEqual(100_000);
    for (let n = 0; n < 90; n++) tier.delete(`k${n}`);
    expect([tier.size, tier.bytes]).toEqual([0, 0]);
  });

  it("does not let one large value push out everything else, and holds nothing where it may hold nothing", () => {
    const tier = new MemoryTier({ entries: 10, bytes: 100_000 });
    tier.set("small", entry(10));
    tier.set("large", entry(50_000));
    expect([tier.size, tier.get("large")]).toEqual([1, undefined]);
    const none = new MemoryTier({ entries: 0, bytes: 0 });
    none.set("a", entry(1));
    expect(none.size).toBe(0);
  });
});
