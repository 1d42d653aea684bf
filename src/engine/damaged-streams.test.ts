import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { fileStorage, INPUTS, memoryStorage, StorageError, task, transaction } from "../index.ts";
import { withLogSink } from "../testing/scopes.ts";
import { memorySink } from "../logging/memory-sink.ts";
import { compressed, json } from "../serializers/index.ts";

let folders = 0;
const newStorage = (): ReturnType<typeof fileStorage> =>
  fileStorage(`${process.env["OXBOW_HOME"]}/damaged-${(folders += 1)}`);

/** Changes a byte near the end of the only record. */
function damage({ location }: { readonly location: string }): void {
  const path = join(location, readdirSync(location).find((name) => !name.startsWith("."))!);
  const bytes = readFileSync(path);
  bytes[bytes.length - 6]! ^= 1;
  writeFileSync(path, bytes);
}

async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const textOf = async (stream: AsyncIterable<Uint8Array>): Promise<string> =>
  Buffer.concat(await listed(stream)).toString();
const warnings = (sink: ReturnType<typeof memorySink>): string[] =>
  sink.records.filter((record) => record.level === "warn").map((record) => record.message);

describe.each([
  ["json", json()],
  ["gzip", compressed(json(), "gzip")],
])("a damaged record of a stream (%s)", (_, resultSerializer) => {
  function downloading(options = {}) {
    const storage = newStorage();
    const calls: string[] = [];
    const made = task(
      "download",
      { cachePolicy: INPUTS, resultStorage: storage, resultSerializer, ...options },
      (x: string) => {
        calls.push(x);
        return Readable.from([Buffer.from(`content of ${x}`)], { objectMode: false });
      },
    );
    return { storage, made, calls };
  }

  it("is an error for who reads it, and no hit for the next one", async () => {
    const { storage, made, calls } = downloading();
    await made("a");
    damage(storage);
    const sink = memorySink();
    const hit = await withLogSink(sink, () => made.run("a"));
    expect(hit.name).toBe("Cached");
    await expect(textOf(hit.result())).rejects.toThrow();
    expect(warnings(sink).join()).toMatch(/damaged.*removed.*computes again/);
    const next = await made.run("a");
    expect([next.name, await textOf(next.result())]).toEqual(["Completed", "content of a"]);
    expect((await made.run("a")).name).toBe("Cached");
    expect(calls).toHaveLength(2);
  });

  it("stays where nothing may be written, and is not used again", async () => {
    const { storage, made, calls } = downloading();
    await made("a");
    damage(storage);
    const reading = made.withOptions({ cacheMode: "read-only" });
    await expect(textOf(await reading("a"))).rejects.toThrow();
    const state = await reading.run("a");
    expect([state.name, state.decision!.outcome]).toEqual(["Completed", "miss"]);
    expect(state.decision!.reason).toContain("damaged");
    expect(await textOf(state.result())).toBe("content of a");
    expect(await listed(storage.list())).toHaveLength(1);
    expect(calls).toHaveLength(2);
  });

  it("is not used again where it cannot be removed", async () => {
    const { storage, made } = downloading();
    await made("a");
    damage(storage);
    const remove = storage.delete.bind(storage);
    storage.delete = () => {
      throw new StorageError("no right to delete");
    };
    const sink = memorySink();
    await withLogSink(sink, async () => expect(textOf(await made("a"))).rejects.toThrow());
    expect(warnings(sink).join()).toContain("could not be removed (StorageError: no right to delete)");
    storage.delete = remove;
    expect(await textOf(await made("a"))).toBe("content of a");
    expect((await made.run("a")).name).toBe("Cached");
  });

  it("does not take a newer one with it", async () => {
    const { storage, made, calls } = downloading();
    await made("a");
    damage(storage);
    const damaged = await made("a");
    await made.withOptions({ refreshCache: true })("a");
    await listed(damaged).catch(() => undefined);
    expect((await made.run("a")).name).toBe("Cached");
    expect(calls).toHaveLength(2);
  });
});

describe("a damaged record of a generator", () => {
  function yielding() {
    const storage = newStorage();
    const calls: string[] = [];
    const made = task("items", { cachePolicy: INPUTS, resultStorage: storage }, async function* (x: string) {
      calls.push(x);
      for (let n = 0; n < 5; n++) yield `item ${n} of ${x}`;
    });
    return { storage, made, calls };
  }

  it("is a miss where nobody has seen anything of it", async () => {
    const { storage, made, calls } = yielding();
    await listed(made("a"));
    damage(storage);
    const state = await made.run("a");
    expect([state.name, state.decision!.outcome]).toEqual(["Completed", "miss"]);
    expect(state.result()).toHaveLength(5);
    expect((await made.run("a")).name).toBe("Cached");
    expect(calls).toHaveLength(2);
  });

  it("is an error for who goes through it, and no hit for the next one", async () => {
    const { storage, made, calls } = yielding();
    await listed(made("a"));
    damage(storage);
    await expect(listed(made("a"))).rejects.toThrow();
    expect(await listed(made("a"))).toHaveLength(5);
    expect(calls).toHaveLength(2);
  });
});

describe("a record of another shape under the same key", () => {
  const options = (resultStorage = memoryStorage()) => ({ resultStorageKey: "same", resultStorage });
  const yielder = (given: ReturnType<typeof options>) =>
    task("shape", given, function* () {
      yield 1;
      yield 2;
    });

  it.each<[string, unknown, string]>([
    ["a text", "hello", "a string"],
    ["an object", { x: 1 }, "an Object"],
    ["nothing", undefined, "undefined"],
    ["a Map", new Map([[1, 2]]), "a Map"],
  ])("is no hit for a generator: %s", async (_, value, named) => {
    const given = options();
    await task("shape", given, () => value)();
    const sink = memorySink();
    const made = yielder(given);
    expect((await made.explain()).reason).toContain(named);
    await withLogSink(sink, async () => expect(await listed(made())).toEqual([1, 2]));
    expect(warnings(sink).join()).toContain(`the record holds ${named}, and the task yields items`);
    expect((await made.explain()).outcome).toBe("hit");
  });

  it("is no hit for a function: what a generator has yielded", async () => {
    const given = options();
    await listed(yielder(given)());
    const state = await task("shape", given, () => "plain").run();
    expect([state.name, state.result()]).toEqual(["Completed", "plain"]);
    expect(state.decision!.reason).toContain("items that a generator has yielded");
    expect((await task("shape", given, () => "plain").run()).name).toBe("Cached");
  });

  it("is no hit in the transaction that has staged it", async () => {
    const given = options();
    await transaction(async () => {
      await task("shape", given, () => "plain")();
      expect(await listed(yielder(given)())).toEqual([1, 2]);
    });
    expect(await listed(yielder(given)())).toEqual([1, 2]);
  });

  it("is a hit where it is a list: the items", async () => {
    const given = options();
    await task("shape", given, () => ["a", "b"])();
    expect(await listed(yielder(given)())).toEqual(["a", "b"]);
  });
});
