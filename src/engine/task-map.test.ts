import { describe, expect, it } from "vitest";
import { CancelledError, flow, getRunContext, inProcess, task } from "../index.ts";
import { memorySink } from "../logging/memory-sink.ts";
import { TestClock, withClock, withLogSink } from "../testing/index.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const echo = task("echo", async (x: number) => x);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const narrow = { taskRunner: inProcess({ concurrency: 1 }) };

describe("map and what its runs depend on", () => {
  it("does not take the places that the futures among its constants need", async () => {
    const slow = task("slow", async () => {
      await turn();
      return 7;
    });
    const add = task("add", async (x: number, y: number) => x + y);
    const sums = flow("sums", narrow, async () => add.map(range(5), echo.submit(slow.submit())));
    expect(await sums()).toEqual([7, 8, 9, 10, 11]);
    const listed = flow("listed", narrow, async () => Array.from(add.map(range(3), echo.submit(slow.submit()))));
    expect(await listed()).toEqual([7, 8, 9]);
    const waiting = flow("waiting", narrow, async () => echo.withOptions({ waitFor: [slow.submit()] }).map([1, 2]));
    expect(await waiting()).toEqual([1, 2]);
  });

  it("takes the results of another map as a constant", async () => {
    const size = task("size", async (_x: number, xs: number[]) => xs.length);
    const both = flow("both", async () => size.map(range(150), echo.map(range(300))));
    expect(new Set(await both())).toEqual(new Set([300]));
  });

  it("goes through a source that submits to the same pool", async () => {
    async function* source(): AsyncGenerator<number> {
      for (let n = 0; n < 3; n++) yield await echo.submit(n);
    }
    expect(await flow("fed", narrow, async () => echo.map(source()))()).toEqual([0, 1, 2]);
  });
});

describe("a map that ends early", () => {
  it("rejects with what it was cancelled with, also where nothing was in flight", async () => {
    const mapped = echo.map([1, 2, 3]);
    mapped.cancel("stop");
    await expect(Promise.resolve(mapped)).rejects.toThrow(new CancelledError("stop"));
  });

  it("closes its source, and ends what is in flight with the same reason", async () => {
    let isClosed = false;
    const reasons: unknown[] = [];
    function* endless(): Generator<number> {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        isClosed = true;
      }
    }
    const stuck = task("stuck", async (_n: number) => {
      const { signal } = getRunContext()!;
      await new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          reasons.push((signal.reason as Error).message);
          reject(signal.reason as Error);
        }),
      );
    });
    const stopped = flow("stopped", { taskRunner: inProcess({ concurrency: 2 }) }, async () => {
      const mapped = stuck.map(endless());
      await turn();
      mapped.cancel("enough");
      await mapped;
    });
    await expect(stopped()).rejects.toThrow("enough");
    expect(reasons).toEqual(["enough", "enough"]);
    expect(isClosed).toBe(true);
  });

  it("takes no further item when its flow takes too long, however many there are", async () => {
    const clock = new TestClock();
    function* endless(): Generator<number> {
      for (let n = 0; ; n++) yield n;
    }
    const slow = flow("slow", { timeout: "1s" }, async () => echo.map(endless()));
    await withClock(clock, async () => {
      const running = slow.run();
      await clock.advance(1000);
      expect((await running).name).toBe("TimedOut");
    });
  });

  it("does not wait for a task that ignores its signal when the flow takes too long", async () => {
    const clock = new TestClock();
    const deaf = task("deaf", async () => {
      void getRunContext()!.signal;
      await new Promise(() => {});
    });
    const slow = flow("slow", { timeout: "1s" }, async () => void deaf.submit());
    await withClock(clock, async () => {
      const running = slow.run();
      await clock.advance(1000);
      expect((await running).name).toBe("TimedOut");
    });
  });

  it("ends what was submitted and waits for its turn when its flow takes too long", async () => {
    const clock = new TestClock();
    let ran = 0;
    const slow = task("slow", async (_n: number) => {
      ran += 1;
      await new Promise(() => {});
    });
    for (const begin of [() => [1, 2, 3, 4].map((n) => slow.submit(n)), () => Array.from(slow.map([1, 2, 3, 4]))]) {
      ran = 0;
      const limited = flow("limited", { timeout: "1s", ...narrow }, async () => void begin());
      await withClock(clock, async () => {
        const running = limited.run();
        await clock.advance(1000);
        expect((await running).name).toBe("TimedOut");
      });
      expect(ran).toBe(1);
    }
  });

  it("limits what a body has left behind when it throws, too", async () => {
    const clock = new TestClock();
    const never = task("never", () => new Promise(() => {}));
    const throws = flow("throws", { timeout: "1s" }, async () => {
      never.submit();
      throw new Error("of the body");
    });
    await withClock(clock, async () => {
      const running = throws.run();
      await clock.advance(1000);
      expect((await running).message).toContain("of the body");
    });
  });

  it("begins nothing for a body whose time was over", async () => {
    const clock = new TestClock();
    let ticks = 0;
    const tick = task("tick", async () => void (ticks += 1));
    let goOn: (() => void) | undefined;
    const over = flow("over", { timeout: "1s" }, async () => {
      await new Promise<void>((resolve) => (goOn = resolve));
      await tick();
    });
    await withClock(clock, async () => {
      const running = over.run();
      await clock.advance(1000);
      expect((await running).name).toBe("TimedOut");
      goOn!();
      await clock.advance(1);
    });
    expect(ticks).toBe(0);
  });

  it("handles a promise of items that fails before its turn, and says so", async () => {
    const sink = memorySink();
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", listen);
    try {
      await withLogSink(sink, async () => {
        const later = task("later", async () => {
          await turn();
          await turn();
          return 1;
        });
        const pair = task("pair", async (x: unknown, _y: number) => x);
        const failing = flow("failing", async () => pair.map(Promise.reject(new Error("no items")), later.submit()));
        await expect(failing()).rejects.toThrow("no items");
        await flow("unwatched", async () => void echo.map(Promise.reject(new Error("no items")))).run();
        // Outside a flow there is nobody else who would say it.
        echo.map(Promise.reject(new Error("no items")));
        await turn();
      });
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", listen);
    }
    expect(sink.records.filter((record) => record.message.includes("could not be read"))).toHaveLength(3);
  });

  it("waits for what is in flight where an item cannot be read, and says so even where nobody awaits it", async () => {
    const sink = memorySink();
    let ended = 0;
    function* broken(): Generator<number> {
      yield 1;
      yield 2;
      throw new Error("no third");
    }
    const work = task("work", async (n: number) => {
      await turn();
      ended += 1;
      return n;
    });
    await withLogSink(sink, async () => {
      await expect(flow("awaited", async () => work.map(broken()))()).rejects.toThrow("no third");
      expect(ended).toBe(2);
      expect((await flow("unwatched", async () => void work.map(broken())).run()).name).toBe("Completed");
    });
    const lines = sink.records.filter((record) => record.message.includes("The items of map() could not be read"));
    expect(lines).toHaveLength(2);
  });
});

describe("a map that is streamed", () => {
  it("hands out a value as soon as it is there, however slow its source is", async () => {
    let give: (() => void) | undefined;
    async function* slow(): AsyncGenerator<number> {
      for (let n = 0; n < 3; n++) {
        yield n;
        await new Promise<void>((resolve) => (give = resolve));
      }
    }
    const seen: number[] = [];
    await flow("live", async () => {
      for await (const value of echo.map(slow())) {
        seen.push(value);
        await turn();
        give!();
      }
    })();
    expect(seen).toEqual([0, 1, 2]);
  });

  it("does not run its items again when it is awaited too", async () => {
    let calls = 0;
    const count = task("count", async (n: number) => ((calls += 1), n));
    await flow("twice", async () => {
      const mapped = count.map([1, 2, 3]);
      for await (const _ of mapped);
      await expect(Promise.resolve(mapped)).rejects.toThrow("its values are gone");
    })();
    expect(calls).toBe(3);
  });

  it("is gone through once: a second loop is refused, and runs nothing", async () => {
    let calls = 0;
    const count = task("count", async (n: number) => ((calls += 1), n));
    const loop = async (mapped: AsyncIterable<number>): Promise<number[]> => {
      const seen: number[] = [];
      for await (const value of mapped) seen.push(value);
      return seen;
    };
    await flow("two", async () => {
      const mapped = count.map([1, 2, 3]);
      const [first, second] = await Promise.allSettled([loop(mapped), loop(mapped)]);
      expect(first).toEqual({ status: "fulfilled", value: [1, 2, 3] });
      expect(second.status).toBe("rejected");
    })();
    expect(calls).toBe(3);
  });

  it("does not hold its flow where the loop is left for good", async () => {
    const left = flow("left", { taskRunner: inProcess({ concurrency: 2 }) }, async () => {
      const values = echo.map([1, 2, 3, 4, 5, 6])[Symbol.asyncIterator]();
      return (await values.next()).value as number;
    });
    expect(await left()).toBe(1);
  });

  it("throws where its turn comes what a run threw", async () => {
    const odd = task("odd", async (n: number) => {
      if (n === 1) throw new Error("one");
      return n;
    });
    const seen: number[] = [];
    const loop = flow("loop", async () => {
      for await (const value of odd.map([0, 1, 2])) seen.push(value);
    });
    await expect(loop()).rejects.toThrow("one");
    expect(seen).toEqual([0]);
  });
});

describe("what map goes through", () => {
  it.each([[undefined], [null], [5], [{ a: 1 }]])("%o is refused, with what to pass", (items) => {
    expect(() => echo.map(items as never)).toThrow(/has no items to go through\n {2}hint: pass an array/);
  });

  it("may be a string, a set, a promise of a list", async () => {
    const same = task("same", async (x: unknown) => x);
    expect(await same.map("abc" as never)).toEqual(["a", "b", "c"]);
    expect(await same.map(new Set([1, 2]))).toEqual([1, 2]);
    expect(await same.map(Promise.resolve([3]))).toEqual([3]);
  });
});
