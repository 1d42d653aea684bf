import { createReadStream, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { flow, INPUTS, memoryStorage, StorageError, task, withSettings } from "../index.ts";

const mib = 1024 * 1024;
const folder = (name: string): string => `${process.env["OXBOW_HOME"]}/${name}`;

/** Pieces of known bytes. */
function* pieces(count: number, size: number): Generator<Uint8Array> {
  for (let n = 0; n < count; n++) yield new Uint8Array(size).fill(n + 1);
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("a stream with a piece that cannot be stored", () => {
  const storage = memoryStorage();
  const folderOfTargets = folder("stream-targets");
  it.each<[string, object, () => unknown]>([
    ["texts in a web stream", { cachePolicy: INPUTS }, () => ReadableStream.from(["a", "b"])],
    ["a text behind bytes", { cachePolicy: INPUTS }, () => ReadableStream.from([Buffer.from("a"), "b"])],
    ["texts for .bin", { target: "texts.bin" }, () => Readable.from(["a", "b"])],
    ["a Map for .ndjson", { target: "rows.ndjson" }, () => Readable.from([1, new Map(), 3])],
    ["a Map of an iterator for .ndjson", { target: "rows.ndjson" }, () => [1, new Map(), 3].values()],
  ])("never reaches the caller as a shorter one: %s", async (name, options, make) => {
    const resultStorage = "target" in options ? folderOfTargets : storage;
    const made = task("touched", { ...options, resultStorage }, (_: string) => make());
    const state = await made.run(name);
    expect(state.isFailed).toBe(true);
    expect(state.error).toMatchObject({ code: "OXBOW_RESULT_UNSERIALIZABLE" });
    expect(String(state.error)).toMatch(/Cannot serialize result.*has been read up to there/);
    expect(String(state.error)).toContain("persistResult: false");
    expect((await made.explain(name)).outcome).toBe("miss");
    expect((await made.withOptions({ persistResult: false }).run(name)).isCompleted).toBe(true);
  });
});

describe("an error of the source", () => {
  const missing = folder("there-is-no-such-file");

  it.each<[string, object]>([
    ["a record", { cachePolicy: INPUTS, resultStorage: memoryStorage() }],
    ["a target", { target: "copy.bin", resultStorage: folder("stream-targets") }],
  ])("comes through as it is, for %s", async (_, options) => {
    const codes: unknown[] = [];
    const retryWhen = (error: unknown): boolean => codes.push((error as { readonly code?: unknown }).code) > 0;
    const state = await task("copy", { ...options, retries: 1, retryWhen }, (path: string) =>
      createReadStream(path),
    ).run(missing);
    expect(state.error).toMatchObject({ code: "ENOENT", syscall: "open", path: missing });
    expect(String(state.error)).not.toContain("spool");
    expect(codes).toEqual(["ENOENT"]);
  });

  it("does not end the process where it comes after its end", async () => {
    const made = task("late", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, (text: string) => {
      const stream = new Readable({ autoDestroy: false, read() {} });
      stream.push(text);
      stream.push(null);
      stream.on("end", () => setImmediate(() => stream.destroy(new Error("too late"))));
      return stream;
    });
    expect(await textOf(await made("whole"))).toBe("whole");
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect((await made.run("whole")).name).toBe("Cached");
  });

  it("is told from one of the folder where it is kept meanwhile", async () => {
    const path = folder("no-folder");
    writeFileSync(path, "a file");
    for (const options of [{ cachePolicy: INPUTS, resultStorage: memoryStorage() }, { target: "long.bin" }]) {
      const made = task("long", options, (count: number) => Readable.from(pieces(count, mib), { objectMode: false }));
      const state = await withSettings({ results: { spoolPath: path } }, () => made.run(2));
      expect(state.error).toBeInstanceOf(StorageError);
      expect(String(state.error)).toContain(path);
    }
  });
});

describe("the future of a stream", () => {
  const storage = memoryStorage();
  const download = task("download", { cachePolicy: INPUTS, resultStorage: storage }, (text: string) =>
    Readable.from([Buffer.from(text)], { objectMode: false }),
  );
  const length = task("length", async (stream: AsyncIterable<Uint8Array>) => (await textOf(stream)).length);

  it("goes to one task: a second one is told so", async () => {
    await flow("two", async () => {
      const future = download.submit("hello");
      const states = [length.submit(future), length.submit(future)].map((each) => each.state());
      const [first, second] = await Promise.all(states);
      expect(first!.result()).toBe(5);
      expect(second!.name).toBe("NotReady");
      expect(String(second!.error)).toMatch(/is a stream, and somebody else has it already/);
    })();
  });

  it("may be waited for, explained, and read by one task all the same", async () => {
    await flow("wait", async () => {
      const future = download.submit("hello you");
      expect(await task("after", { waitFor: [future] }, () => "done")()).toBe("done");
      await length.explain(future);
      expect(await length(future)).toBe(9);
    })();
  });

  it("is of no use to a task where it has been read", async () => {
    await flow("read", async () => {
      const future = download.submit("read");
      expect(await textOf(await future)).toBe("read");
      await expect(length(future)).rejects.toThrow(/somebody else has it already/);
    })();
  });

  it("holds for flows and for map too", async () => {
    const lengths = task("lengths", async (streams: ReadonlyArray<AsyncIterable<Uint8Array>>) => {
      return Promise.all(streams.map(async (stream) => (await textOf(stream)).length));
    });
    await flow("map", async () => {
      const futures = download.map(["a", "bb"]);
      expect(await lengths(futures)).toEqual([1, 2]);
      await expect(lengths(futures)).rejects.toThrow(/somebody else has it already/);
      const future = download.submit("inner");
      const inner = flow("inner", (stream: AsyncIterable<Uint8Array>) => textOf(stream));
      expect(await inner(future)).toBe("inner");
      await expect(inner(future)).rejects.toThrow(/somebody else has it already/);
    })();
  });
});
