import { describe, expect, it } from "vitest";
import {
  fileStorage,
  flow,
  INPUTS,
  memoryStorage,
  task,
  transaction,
  type Storage,
  type TaskOptions,
} from "../index.ts";
import { compressed, json } from "../serializers/index.ts";
import { TestClock, withClock } from "../testing/index.ts";

/** A task that yields numbers, and notes what it does. */
function counting(storage: Storage, options: TaskOptions = {}) {
  const log: string[] = [];
  const made = task("count", { cachePolicy: INPUTS, resultStorage: storage, ...options }, async function* (to: number) {
    log.push("begin");
    try {
      for (let n = 1; n <= to; n++) {
        log.push(`yield ${n}`);
        yield { n };
      }
      log.push("end");
    } finally {
      log.push("over");
    }
  });
  return { made, log };
}

async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const three = [{ n: 1 }, { n: 2 }, { n: 3 }];

describe("a task that is a generator", () => {
  it.each([
    ["json", undefined],
    ["gzip", compressed(json(), "gzip")],
  ])("gives its items as they come, and a hit replays them (%s)", async (_, resultSerializer) => {
    const { made, log } = counting(memoryStorage(), resultSerializer && { resultSerializer });
    const seen: string[] = [];
    for await (const { n } of made(3)) seen.push(`${log.at(-1)} -> ${n}`);
    expect(seen).toEqual(["yield 1 -> 1", "yield 2 -> 2", "yield 3 -> 3"]);
    log.length = 0;
    expect(await listed(made(3))).toEqual(three);
    expect(log).toEqual([]);
  });

  it("does nothing before the first item is asked for", async () => {
    const { made, log } = counting(memoryStorage());
    const items = made(2);
    await Promise.resolve();
    expect(log).toEqual([]);
    expect(await items.next()).toEqual({ value: { n: 1 }, done: false });
    await items.return();
  });

  it("records nothing where the caller stops early, and lets the function clean up first", async () => {
    const { made, log } = counting(memoryStorage());
    for await (const { n } of made(3)) if (n === 2) break;
    expect(log).toEqual(["begin", "yield 1", "yield 2", "over"]);
    expect((await made.explain(3)).outcome).toBe("miss");
    expect(await listed(made(3))).toEqual(three);
  });

  it("has the list of its items as its result where nobody takes them one by one", async () => {
    const { made, log } = counting(memoryStorage());
    const main = flow("main", async () => [await made.submit(3), await made.run(3), ...(await made.map([1]))] as const);
    const [first, state, mapped] = await main();
    expect(first).toEqual(three);
    expect(state.name).toBe("Cached");
    expect(state.result()).toEqual(three);
    expect(mapped).toEqual([{ n: 1 }]);
    expect(log.filter((line) => line === "begin")).toHaveLength(2);
    expect(await listed(made(3))).toEqual(three);
  });

  it("hits as a list what was recorded item by item", async () => {
    const { made } = counting(memoryStorage());
    await listed(made(3));
    const state = await made.run(3);
    expect(state.name).toBe("Cached");
    expect(state.result()).toEqual(three);
  });

  it("passes its error on after the items so far, and records nothing", async () => {
    let calls = 0;
    const broken = task("broken", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, function* (x: number) {
      calls += 1;
      yield x;
      throw new Error("no more");
    });
    for (const round of [1, 2]) {
      const seen: number[] = [];
      await expect(async () => {
        for await (const item of broken(7)) seen.push(item);
      }).rejects.toThrow("no more");
      expect(seen).toEqual([7]);
      expect(calls).toBe(round);
    }
  });

  it("is tried again only as long as no item has been handed out", async () => {
    let calls = 0;
    const late = task("late", { retries: 2 }, async function* (failBefore: boolean) {
      calls += 1;
      if (failBefore && calls < 3) throw new Error(`attempt ${calls}`);
      yield calls;
      if (!failBefore) throw new Error("after the first item");
    });
    expect(await listed(late(true))).toEqual([3]);
    calls = 0;
    await expect(listed(late(false))).rejects.toThrow("after the first item");
    expect(calls).toBe(1);
    calls = 0;
    expect((await late.run(false)).isFailed).toBe(true);
    expect(calls).toBe(3);
  });

  it("records what was yielded, though the caller changes it", async () => {
    const { made } = counting(memoryStorage());
    for await (const item of made(3)) item.n = -1;
    expect(await listed(made(3))).toEqual(three);
  });

  it("goes on where an item cannot be stored, and says so", async () => {
    const odd = task("odd", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, function* (x: number) {
      yield x;
      yield () => x;
      yield x + 1;
    });
    const states: string[] = [];
    const told = odd.withOptions({ onCompletion: (_task, _run, state) => void states.push(String(state.decision)) });
    const items = await listed(told(1));
    expect([items[0], typeof items[1], items[2]]).toEqual([1, "function", 2]);
    expect(states[0]).toMatch(/could not be stored|function/);
    expect((await odd.explain(1)).outcome).toBe("miss");
  });

  it("is recorded with the transaction around it, or not at all", async () => {
    const { made, log } = counting(memoryStorage());
    await expect(
      transaction(async () => {
        expect(await listed(made(2))).toHaveLength(2);
        expect(await listed(made(2))).toHaveLength(2);
        throw new Error("undo");
      }),
    ).rejects.toThrow("undo");
    expect(log.filter((line) => line === "begin")).toHaveLength(1);
    expect((await made.explain(2)).outcome).toBe("miss");
    await transaction(async () => void (await listed(made(2))));
    expect((await made.explain(2)).outcome).toBe("hit");
  });

  it("streams a hit from a file, item by item", async () => {
    const folder = `${process.env["OXBOW_HOME"]}/items`;
    const { made } = counting(fileStorage(folder));
    await listed(made(500));
    const items = made(500);
    expect((await items.next()).value).toEqual({ n: 1 });
    await items.return();
    expect(await listed(made(500))).toHaveLength(500);
  });
});

describe("a generator whose items cannot be written down one by one", () => {
  it("gives them all the same, and says that they are not stored", async () => {
    const { streams: _, ...plain } = json();
    const { made } = counting(memoryStorage(), { resultSerializer: plain });
    expect(await listed(made(3))).toEqual(three);
    expect((await made.explain(3)).outcome).toBe("miss");
    const target = task("target", { target: "t.json", resultStorage: memoryStorage() }, function* () {
      yield 1;
      yield 2;
    });
    expect(await listed(target())).toEqual([1, 2]);
  });
});

describe("an attempt whose time is over", () => {
  /** Its first attempt takes too long, and goes on when it is released. */
  function overtaken(options: TaskOptions) {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const ends: string[] = [];
    let attempts = 0;
    const made = task(
      "overtaken",
      { cachePolicy: INPUTS, resultStorage: memoryStorage(), timeout: "1s", retries: 1, ...options },
      async function* (_: string) {
        const attempt = (attempts += 1);
        try {
          if (attempt === 1) await released;
          for (let n = 1; n <= 3; n++) yield `attempt ${attempt}, item ${n}`;
        } finally {
          ends.push(`attempt ${attempt}`);
        }
      },
    );
    return { made, release, ends };
  }
  const second = [1, 2, 3].map((n) => `attempt 2, item ${n}`);

  it("hands out nothing while the next one is waited for", async () => {
    const clock = new TestClock();
    await withClock(clock, async () => {
      const { made, release, ends } = overtaken({ retryDelay: "1 minute" });
      const items = listed(made("waiting"));
      await clock.advance(1000);
      release();
      await expect.poll(() => ends).toEqual(["attempt 1"]);
      await clock.advance(60_000);
      expect(await items).toEqual(second);
      expect(await listed(made("waiting"))).toEqual(second);
      expect(ends).toHaveLength(2);
    });
  });

  it("hands out nothing beside the next one", async () => {
    const clock = new TestClock();
    await withClock(clock, async () => {
      const { made, release, ends } = overtaken({});
      const items = made("beside");
      const first = items.next();
      await clock.advance(1000);
      expect((await first).value).toBe(second[0]);
      release();
      await expect.poll(() => ends).toEqual(["attempt 1"]);
      expect(await listed(items)).toEqual(second.slice(1));
      expect(await listed(made("beside"))).toEqual(second);
    });
  });

  it("ends where a list is made of its items, too", async () => {
    const clock = new TestClock();
    await withClock(clock, async () => {
      const { made, release, ends } = overtaken({});
      const state = made.run("list");
      await clock.advance(1000);
      expect((await state).result()).toEqual(second);
      release();
      await expect.poll(() => ends).toEqual(["attempt 2", "attempt 1"]);
    });
  });
});
