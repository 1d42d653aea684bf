import { describe, expect, it } from "vitest";
import {
  CancelledError,
  flow,
  getRunContext,
  inProcess,
  INPUTS,
  memoryStorage,
  task,
  UpstreamError,
} from "../index.ts";
import { TestClock, withClock } from "../testing/index.ts";

const addOne = task("add-one", async (x: number) => x + 1);
const broken = task("broken", async (_x: number): Promise<number> => {
  throw new Error("broken");
});

describe("submit", () => {
  it("gives a future that is awaited for the value", async () => {
    const sum = flow("sum", async () => {
      const future = addOne.submit(1);
      expect((await future.state()).name).toBe("Completed");
      return future;
    });
    expect(await sum()).toBe(2);
  });

  it("takes futures as arguments, nested in arrays and objects, and records them as upstream", async () => {
    const total = task("total", async (xs: number[], more: { y: number; z: number[] }) => ({
      sum: [...xs, more.y, ...more.z].reduce((a, b) => a + b, 0),
      upstream: getRunContext()!.taskRun!.upstream.length,
    }));
    const nested = flow("nested", async () => {
      const [a, b, c] = [addOne.submit(1), addOne.submit(2), addOne.submit(3)];
      return total.submit([1, a] as never, { y: b, z: [c, 10] } as never);
    });
    expect(await nested()).toEqual({ sum: 1 + 2 + 3 + 4 + 10, upstream: 3 });
  });

  it("does not start a task whose upstream failed: it is NotReady, and its call throws", async () => {
    let started = 0;
    const after = task("after", async (x: number) => ((started += 1), x));
    const chain = flow("chain", async () => {
      const state = await after.submit(broken.submit(1)).state();
      await expect(after(broken.submit(1))).rejects.toThrow(UpstreamError);
      return [state.type, state.name, started];
    });
    expect(await chain()).toEqual(["PENDING", "NotReady", 0]);
  });

  it("waits for the futures of waitFor, without passing their values", async () => {
    const order: string[] = [];
    const first = task("first", async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push("first");
    });
    const second = task("second", async () => void order.push("second"));
    const ordered = flow("ordered", async () => {
      const future = first.submit();
      await second.withOptions({ waitFor: [future] }).submit();
    });
    await ordered();
    expect(order).toEqual(["first", "second"]);
  });

  it("never runs more tasks at once than the runner allows, in the order of submission", async () => {
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const work = task("work", async (n: number) => {
      order.push(n);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    });
    const many = flow("many", { taskRunner: inProcess({ concurrency: 3 }) }, async () => {
      for (let n = 0; n < 20; n++) work.submit(n);
    });
    await many();
    expect(most).toBe(3);
    expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it("is waited for before the flow ends, also where nobody awaits it", async () => {
    let done = false;
    const slow = task("slow", async () => {
      await new Promise((resolve) => setImmediate(resolve));
      done = true;
    });
    await flow("leaves", async () => {
      slow.submit();
    })();
    expect(done).toBe(true);
  });

  it("does not deadlock where a task waits for tasks that it submitted, whatever the concurrency", async () => {
    const outer = task("outer", async (n: number) => {
      const inner = [addOne.submit(n), addOne.submit(n)];
      return (await inner[0]!) + (await inner[1]!);
    });
    const deep = flow("deep", { taskRunner: inProcess({ concurrency: 1 }) }, async () => {
      const mapped = outer.map([1, 2, 3]);
      const last = addOne.submit(0);
      const sum = task("sum", (xs: number[]) => xs.reduce((a, b) => a + b, 0)).submit(mapped);
      return [await last, await sum];
    });
    expect(await deep()).toEqual([1, 4 + 6 + 8]);
  });

  it("cancels one that runs and one that waits", async () => {
    let started = 0;
    const stuck = task("stuck", async () => {
      started += 1;
      const { signal } = getRunContext()!;
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    });
    const stop = flow("stop", { taskRunner: inProcess({ concurrency: 1 }) }, async () => {
      const [running, waiting] = [stuck.submit(), stuck.submit()];
      waiting.cancel();
      running.cancel("enough");
      return [(await running.state()).name, (await running.state()).message, (await waiting.state()).name, started];
    });
    expect(await stop()).toEqual(["Cancelled", "enough", "Cancelled", 1]);
  });

  it("ends a cancelled task at once where its body never asked for a signal", async () => {
    const deaf = task("deaf", () => new Promise<never>(() => {}));
    const stop = flow("stop", async () => {
      const future = deaf.submit();
      await Promise.resolve();
      future.cancel();
      await expect(future).rejects.toThrow(CancelledError);
      return (await future.state()).type;
    });
    expect(await stop()).toBe("CANCELLED");
  });
});

describe("arguments", () => {
  it("may be cyclic and shared as they like, also where futures exist", async () => {
    await addOne.submit(1);
    const root: { children: unknown[] } = { children: [] };
    for (let n = 0; n < 40; n++) root.children.push({ parent: root, n });
    let level: unknown[] = [1];
    for (let n = 0; n < 30; n++) level = [level, level, level];
    const same = task("same", async (x: unknown, y: unknown) => x === root && y === level);
    expect(await same(root, level)).toBe(true);
  });

  it("keep what stands beside a future: symbol keys, prototypes, holes, cycles", async () => {
    const tag = Symbol("tag");
    const bare = Object.assign(Object.create(null) as object, { x: 1 });
    const holey = [1, , 3]; // oxlint-disable-line no-sparse-arrays
    const looped: Record<string, unknown> = { [tag]: "kept", bare, holey };
    looped["self"] = looped;
    const look = task("look", async (value: Record<string | symbol, unknown>) => {
      const list = value["holey"] as unknown[];
      return [value["future"], value[tag], Object.getPrototypeOf(value["bare"]), 1 in list, value["self"] === value];
    });
    expect(await flow("f", async () => look({ ...looped, self: looped, future: addOne.submit(1) }))()).toEqual([
      2,
      "kept",
      null,
      false,
      false,
    ]);
    looped["future"] = addOne.submit(2);
    expect(await look(looped as never)).toEqual([3, "kept", null, false, true]);
  });

  it("may have getters that throw: the body meets them, and nobody else", async () => {
    await addOne.submit(1);
    const value = {
      get x(): number {
        throw new Error("getter");
      },
    };
    expect(await task("t", async (given: object) => Object.keys(given))(value)).toEqual(["x"]);
  });
});

describe("cancelling", () => {
  it("ends a body of a later attempt as it ends one of the first", async () => {
    const clock = new TestClock();
    let attempts = 0;
    const stubborn = task("stubborn", { retries: 1, retryDelay: "1s" }, async () => {
      attempts += 1;
      if (attempts === 1) throw new Error("first");
      await new Promise(() => {});
    });
    await withClock(clock, async () => {
      const future = stubborn.submit();
      await clock.advance(1000);
      expect(attempts).toBe(2);
      future.cancel();
      expect((await future.state()).name).toBe("Cancelled");
    });
  });

  it("is not undone by a schema or a key that takes its time", async () => {
    let release: (() => void) | undefined;
    const slowly = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: async (value: unknown) => {
          await new Promise<void>((resolve) => (release = resolve));
          return { value };
        },
      },
    };
    const checked = task("checked", { output: slowly }, async () => 1);
    const future = checked.submit();
    while (!release) await new Promise((resolve) => setImmediate(resolve));
    future.cancel();
    release();
    expect((await future.state()).name).toBe("Cancelled");
  });

  it("ends at once what waits for its upstream, or for a place", async () => {
    const stuck = task("stuck", async () => {
      const { signal } = getRunContext()!;
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    });
    const order: string[] = [];
    await flow("early", { taskRunner: inProcess({ concurrency: 1 }) }, async () => {
      const running = stuck.submit();
      const queued = addOne.submit(1);
      const waiting = addOne.submit(running as never);
      for (const [name, future] of Object.entries({ queued, waiting })) {
        future.cancel();
        order.push(`${name} ${(await future.state()).name}`);
      }
      running.cancel();
      order.push(`running ${(await running.state()).name}`);
    })();
    expect(order).toEqual(["queued Cancelled", "waiting Cancelled", "running Cancelled"]);
  });
});

describe("map", () => {
  it("gives the values in the order of the items, with constants for the other arguments", async () => {
    const add = task("add", async (x: number, y: number) => x + y);
    const sums = flow("sums", async (xs: number[]) => add.map(xs, 10));
    expect(await sums([1, 2, 3])).toEqual([11, 12, 13]);
    expect(await sums([])).toEqual([]);
  });

  it("takes an item only when there is room for it", async () => {
    let taken = 0;
    let finished = 0;
    let ahead = 0;
    function* items(): Generator<number> {
      for (let n = 0; n < 1000; n++) {
        taken += 1;
        ahead = Math.max(ahead, taken - finished);
        yield n;
      }
    }
    const work = task("work", async (n: number) => {
      await Promise.resolve();
      finished += 1;
      return n;
    });
    const all = flow(
      "all",
      { taskRunner: inProcess({ concurrency: 10 }) },
      async () => (await work.map(items())).length,
    );
    expect(await all()).toBe(1000);
    expect(ahead).toBeLessThanOrEqual(20);
  });

  it("hands out values in order while a loop goes on, reading no further ahead than the concurrency", async () => {
    let taken = 0;
    async function* endless(): AsyncGenerator<number> {
      for (;;) yield taken++;
    }
    const seen: number[] = [];
    const some = flow("some", { taskRunner: inProcess({ concurrency: 4 }) }, async () => {
      for await (const value of addOne.map(endless())) {
        seen.push(value);
        if (seen.length === 10) break;
      }
    });
    await some();
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(taken).toBeLessThanOrEqual(15);
  });

  it("gives one future per item where they are asked for", async () => {
    const each = flow("each", async () => {
      const futures = Array.from(addOne.map([1, 2]));
      const states = await Promise.all(futures.map((future) => future.state()));
      return [states.map((state) => state.name), await Promise.all(futures)];
    });
    expect(await each()).toEqual([
      ["Completed", "Completed"],
      [2, 3],
    ]);
  });

  it("runs all items and throws the first error", async () => {
    let calls = 0;
    const odd = task("odd", async (n: number) => {
      calls += 1;
      if (n % 2 === 0) throw new Error(`even ${n}`);
      return n;
    });
    const all = flow("all", async () => odd.map([1, 2, 3, 4]));
    await expect(all()).rejects.toThrow("even 2");
    expect(calls).toBe(4);
  });

  it("is NotReady for a task that takes the results of a map that failed", async () => {
    const sum = task("sum", async (xs: number[]) => xs.length);
    const chain = flow("chain", async () => (await sum.submit(broken.map([1])).state()).name);
    expect(await chain()).toBe("NotReady");
  });

  it("works outside a flow, and shares records by key", async () => {
    const double = task("double", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, async (x: number) => x * 2);
    expect(await double.map([1, 2, 3])).toEqual([2, 4, 6]);
    expect((await double.run(2)).name).toBe("Cached");
  });
});
