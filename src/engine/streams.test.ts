import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import {
  fileStorage,
  getTransaction,
  INPUTS,
  memoryStorage,
  sqliteStorage,
  StorageError,
  task,
  transaction,
  type Storage,
} from "../index.ts";
import { compressed, json, signed } from "../serializers/index.ts";

const mib = 1024 * 1024;

/** Pieces of known bytes. */
function* pieces(count: number, size: number): Generator<Uint8Array> {
  for (let n = 0; n < count; n++) yield new Uint8Array(size).fill(n + 1);
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

const whole = Buffer.concat([...pieces(40, 64 * 1024)]).toString("latin1");

const folder = (name: string): string => `${process.env["OXBOW_HOME"]}/${name}`;
/** The same storage without streams, as one of somebody else may be. */
function wholeOnly(storage: Storage): Storage {
  return new Proxy(storage, {
    get(target, name) {
      if (name === "capabilities") return { ...storage.capabilities, streams: false };
      const member: unknown = Reflect.get(target, name, target);
      if (name === "get") return (key: string) => without(target.get(key));
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
function without(found: ReturnType<Storage["get"]>) {
  const { stream: _, ...record } = found as Exclude<typeof found, Promise<unknown> | undefined>;
  return found && record;
}

describe.each<[string, () => Storage]>([
  ["memory", () => memoryStorage()],
  ["file", () => fileStorage(folder("streams-file"))],
  ["sqlite", () => sqliteStorage(folder("streams-sqlite"))],
  ["a storage without streams", () => wholeOnly(memoryStorage())],
])("a result that is a stream, in %s", (_, open) => {
  it.each([
    ["json", json()],
    ["gzip", compressed(json(), "gzip")],
  ])("is the same for the first caller and for all others (%s)", async (name, resultSerializer) => {
    let calls = 0;
    const download = task(
      "download",
      { cachePolicy: INPUTS, resultStorage: open(), resultSerializer },
      async (_url: string) => {
        calls += 1;
        return Readable.from(pieces(40, 64 * 1024), { objectMode: false });
      },
    );
    const first = await download.run(name);
    expect(first.persisted || first.decision!.outcome === "miss").toBe(true);
    expect((await textOf(first.result())) === whole).toBe(true);
    const second = await download.run(name);
    expect(second.name).toBe("Cached");
    expect((await textOf(second.result())) === whole).toBe(true);
    expect(calls).toBe(1);
  });

  it("may be a web stream or a Blob", async () => {
    const storage = open();
    const web = task("web", { cachePolicy: INPUTS, resultStorage: storage }, async (x: number) =>
      new Blob(["web", String(x)]).stream(),
    );
    const blob = task(
      "blob",
      { cachePolicy: INPUTS, resultStorage: storage },
      (x: string) => new Blob([x], { type: "text/plain" }),
    );
    for (const _ of [1, 2]) {
      expect(await new Response(await web(1)).text()).toBe("web1");
      const found = await blob("hello");
      expect([found.type, await found.text()]).toEqual(["text/plain", "hello"]);
    }
  });
});

describe("a stream that breaks off", () => {
  it("is a failed attempt, tried again, and never a record", async () => {
    let calls = 0;
    const flaky = task(
      "flaky",
      { cachePolicy: INPUTS, resultStorage: memoryStorage(), retries: 1 },
      async (x: number) => {
        calls += 1;
        return Readable.from(
          (async function* () {
            yield Buffer.from(`part ${x}`);
            if (calls === 1) throw new Error("connection lost");
          })(),
          { objectMode: false },
        );
      },
    );
    expect(await textOf(await flaky(1))).toBe("part 1");
    expect(calls).toBe(2);
    const hopeless = flaky.withOptions({ retries: 0 });
    calls = 0;
    expect((await hopeless.run(2)).error).toMatchObject({ message: "connection lost" });
    expect((await hopeless.explain(2)).outcome).toBe("miss");
  });
});

describe("a stream that cannot be stored", () => {
  it("reaches the caller all the same", async () => {
    const storage = memoryStorage();
    storage.put = () => {
      throw new StorageError("The disk is full");
    };
    const state = await task("full", { cachePolicy: INPUTS, resultStorage: storage }, (x: number) =>
      Readable.from(pieces(x, mib), { objectMode: false }),
    ).run(2);
    expect(state.isCompleted).toBe(true);
    expect(state.persisted).toBe(false);
    expect(state.decision!.reason).toContain("could not be stored");
    expect((await textOf(state.result())).length).toBe(2 * mib);
  });

  it("is left untouched by a serializer that takes none", async () => {
    const { streams: _, ...plain } = json();
    const state = await task(
      "refused",
      { cachePolicy: INPUTS, resultStorage: memoryStorage(), resultSerializer: plain },
      (x: string) => Readable.from([Buffer.from(x)], { objectMode: false }),
    ).run("untouched");
    expect(state.decision!.reason).toContain("takes no streams");
    expect(await textOf(state.result())).toBe("untouched");
  });
});

describe("a stream in a transaction", () => {
  it("is there for equal calls inside, and for all others after the commit", async () => {
    let calls = 0;
    const download = task("download", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, (x: number) => {
      calls += 1;
      return Readable.from(pieces(x, 1000), { objectMode: false });
    });
    await transaction(async () => {
      const lengths = [await textOf(await download(3)), await textOf(await download(3))].map((text) => text.length);
      expect(lengths).toEqual([3000, 3000]);
    });
    expect((await textOf(await download(3))).length).toBe(3000);
    expect(calls).toBe(1);
  });

  it("may be what a keyed block returns", async () => {
    const read = await transaction({ key: `block-${Math.random()}` }, async () =>
      Readable.from([Buffer.from("block")], { objectMode: false }),
    );
    expect(await textOf(read)).toBe("block");
    expect(getTransaction()).toBeUndefined();
  });
});

describe("signed results", () => {
  const key = Buffer.alloc(32, 7);
  const options = (storage: Storage, secret: Uint8Array) => ({
    cachePolicy: INPUTS,
    resultStorage: storage,
    resultSerializer: signed(json(), { key: secret }),
  });

  it("are hits for those who trust the signer, and misses that say why for others", async () => {
    const storage = memoryStorage();
    const work = (x: number) => x + 1;
    await task("work", options(storage, key), work)(1);
    expect((await task("work", options(storage, key), work).run(1)).name).toBe("Cached");
    const stranger = await task("work", options(storage, Buffer.alloc(32, 8)), work).run(1);
    expect([stranger.name, stranger.decision!.outcome]).toEqual(["Completed", "miss"]);
    expect(stranger.decision!.reason).toMatch(/not trusted/);
  });

  it("do not take what nobody signed, or what was signed for another key", async () => {
    const storage = memoryStorage();
    const made = task("work", options(storage, key), (x: number) => x);
    await task("work", { cachePolicy: INPUTS, resultStorage: storage }, (x: number) => x * 100)(1);
    const unsigned = await made.run(1);
    expect(unsigned.result()).toBe(1);
    expect(unsigned.decision!.reason).toMatch(/not signed/);

    await made(2);
    const from = (await made.explain(2)).key!;
    const to = (await made.explain(3)).key!;
    const record = (await storage.get(from))!;
    await storage.put({ ...record.metadata, key: to }, [await record.bytes()]);
    const moved = await made.run(3);
    expect(moved.result()).toBe(3);
    expect(moved.decision!.reason).toMatch(/signature/);
  });
});
