import { describe, expect, it } from "vitest";
import { CancelledError, flow, INPUTS, memoryStorage, task, transaction } from "../index.ts";
import { withLogSink } from "../testing/scopes.ts";
import { memorySink } from "../logging/memory-sink.ts";

/** A task that yields 1, 2, 3, and notes that it was closed. */
function counting() {
  const log: string[] = [];
  const made = task("count", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, async function* (_: string) {
    try {
      for (let n = 1; n <= 3; n++) yield n;
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

describe("a generator that is left open", () => {
  type First = (name: string) => Promise<number | undefined>;
  it.each<[string, (first: First) => Promise<unknown>]>([
    ["a task", (first) => task("outer", async () => first("task"))()],
    ["a task that is cached", (first) => task("outer", { cachePolicy: INPUTS }, async (x: string) => first(x))("kept")],
    ["a task with hooks", (first) => task("outer", { onCommit: () => undefined }, async () => first("hooks"))()],
    ["a flow", (first) => flow("outer", async () => first("flow"))()],
    ["a transaction", (first) => transaction(async () => first("transaction"))],
    ["a transaction in a flow", (first) => flow("outer", async () => transaction(async () => first("both")))()],
    [
      "a submitted task",
      async (first) => flow("outer", () => task("inner", async () => first("submitted")).submit())(),
    ],
  ])("is closed at the end of %s, and not stored", async (_, around) => {
    const { made, log } = counting();
    const sink = memorySink();
    let name = "";
    const first: First = async (given) => {
      name = given;
      return (await made(given).next()).value as number | undefined;
    };
    expect(await withLogSink(sink, () => around(first))).toBe(1);
    expect(log).toEqual(["over"]);
    expect(sink.records.filter((record) => record.message.includes("not all items were taken"))).toHaveLength(1);
    expect((await made.explain(name)).outcome).toBe("miss");
  });

  it("is closed where the body around it fails, before it is tried again", async () => {
    const { made, log } = counting();
    const outer = task("outer", { retries: 1 }, async () => {
      await made("fails").next();
      if (log.length === 0) throw new Error("no");
      return [...log];
    });
    expect(await outer()).toEqual(["over"]);
    const around = transaction(async () => {
      await made("block").next();
      throw new Error("block");
    });
    await expect(around).rejects.toThrow("block");
    expect(log).toHaveLength(3);
  });

  it("is cancelled where it works on an item at that moment", async () => {
    let signalled = false;
    const slow = task("slow", async function* (_: string) {
      yield 1;
      await new Promise(() => undefined);
      signalled = true;
    });
    let pending: Promise<unknown> | undefined;
    await task("outer", async () => {
      const items = slow("working");
      await items.next();
      pending = items.next();
      pending.catch(() => undefined);
    })();
    await expect(pending).rejects.toThrow(CancelledError);
    expect(signalled).toBe(false);
  });

  it("tells whoever takes it with them that it is closed, and does not just end", async () => {
    const { made } = counting();
    const items = await flow("outer", async () => {
      const open = made("taken along");
      await open.next();
      return { open };
    })();
    await expect(items.open.next()).rejects.toThrow(/was closed\. Flow run .* has ended/);
  });

  it("is gone through to its end by work that nobody waits for", async () => {
    const { made } = counting();
    const seen: number[] = [];
    const note = task("note", async (n: number) => void seen.push(n));
    await transaction(async () => void note.map(made("mapped")));
    expect(seen).toEqual([1, 2, 3]);
    await task("outer", async () => void note.map(made("mapped in a task")))();
    expect(seen).toHaveLength(6);
    expect((await made.explain("mapped")).outcome).toBe("hit");
  });

  it("may be begun after the end of the flow that has made it", async () => {
    const { made } = counting();
    const { items } = await flow("outer", () => ({ items: made("later") }))();
    expect(await listed(items)).toEqual([1, 2, 3]);
  });
});

describe("a flow that is cancelled while it goes through a generator", () => {
  it("ends it, and nothing is stored", async () => {
    const log: string[] = [];
    const endless = task(
      "endless",
      { cachePolicy: INPUTS, resultStorage: memoryStorage() },
      async function* (_: string) {
        try {
          for (let n = 0; ; n++) yield n;
        } finally {
          log.push("over");
        }
      },
    );
    const main = task("main", async () => {
      for await (const n of endless("x")) if (n === 5) future.cancel();
    });
    const future = main.submit();
    expect((await future.state()).isCancelled).toBe(true);
    await expect.poll(() => log).toEqual(["over"]);
    expect((await endless.explain("x")).outcome).toBe("miss");
  });
});

describe("an error that the caller throws into a generator", () => {
  it("reaches it, and comes back where nobody catches it", async () => {
    const { made, log } = counting();
    const items = made("throw");
    await items.next();
    await expect(items.throw(new Error("mine"))).rejects.toThrow("mine");
    expect(log).toEqual(["over"]);
    expect(await items.next()).toEqual({ value: undefined, done: true });
    expect((await made.explain("throw")).outcome).toBe("miss");
  });

  it("may be caught there: what is yielded then is handed out, and not stored", async () => {
    const brave = task("brave", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, function* (_: string) {
      try {
        yield "first";
      } catch (error) {
        yield `caught ${String(error)}`;
      }
    });
    const items = brave("x");
    await items.next();
    expect(await items.throw(new Error("mine"))).toEqual({ value: "caught Error: mine", done: false });
    expect(await listed(items)).toEqual([]);
    expect((await brave.explain("x")).outcome).toBe("miss");
  });

  it("comes back from the replay of a hit, be it a list or items", async () => {
    const { made } = counting();
    await listed(made("items"));
    await made.run("list");
    for (const name of ["items", "list"]) {
      const items = made(name);
      expect((await items.next()).value).toBe(1);
      await expect(items.throw(new Error("mine"))).rejects.toThrow("mine");
    }
  });
});

describe("an error of the cleaning up", () => {
  const unclean = task("unclean", async function* () {
    try {
      yield 1;
      yield 2;
    } finally {
      // oxlint-disable-next-line no-unsafe-finally -- that is what is tested
      throw new Error("cleanup failed");
    }
  });

  it("reaches who stops early", async () => {
    const stopping = async (): Promise<void> => {
      for await (const _ of unclean()) break;
    };
    await expect(stopping()).rejects.toThrow("cleanup failed");
  });

  it("gives way to the error of who goes through it", async () => {
    const failing = async (): Promise<void> => {
      for await (const _ of unclean()) throw new Error("mine");
    };
    await expect(failing()).rejects.toThrow("mine");
  });
});

describe("the log of a generator that fails after its first item", () => {
  it("says why it is not tried again", async () => {
    const sink = memorySink();
    const late = task("late", { retries: 2 }, function* () {
      yield 1;
      throw new Error("no more");
    });
    await withLogSink(sink, async () => expect(listed(late())).rejects.toThrow("no more"));
    const lines = sink.records.map((record) => record.message).join("\n");
    expect(lines).toContain("no more - No retry, since items have been handed out");
    expect(lines).not.toContain("retryWhen");
  });
});
