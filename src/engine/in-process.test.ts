import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";

describe("the in-process runner", () => {
  it("starts jobs at once where there is room, and the others in order as room comes", async () => {
    const pool = inProcess({ concurrency: 2 }).open(100);
    const started: number[] = [];
    const ends: Array<() => void> = [];
    const done: Array<Promise<void>> = [];
    for (let n = 0; n < 5; n++) {
      const { promise, resolve } = Promise.withResolvers<void>();
      done.push(promise);
      ends.push(resolve);
      pool.submit(() => (started.push(n), promise));
    }
    expect(started).toEqual([0, 1]);
    ends[1]!();
    await done[1];
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2]);
    for (const end of ends) end();
    await Promise.all(done);
    await new Promise((resolve) => setImmediate(resolve));
    expect(started).toEqual([0, 1, 2, 3, 4]);
  });

  it("takes the setting where no concurrency is given", () => {
    expect(inProcess().open(7).concurrency).toBe(7);
    expect(inProcess({ concurrency: 3 }).open(7).concurrency).toBe(3);
  });

  it("goes through a hundred thousand waiting jobs, also where each hands in another", async () => {
    const pool = inProcess({ concurrency: 4 }).open(100);
    let ran = 0;
    await new Promise<void>((resolve) => {
      for (let n = 0; n < 100_000; n++) {
        pool.submit(async () => {
          if (++ran === 200_000) resolve();
          pool.submit(async () => void (++ran === 200_000 && resolve()));
        });
      }
    });
    expect(ran).toBe(200_000);
  });
});
