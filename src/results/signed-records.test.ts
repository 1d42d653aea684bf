import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileStorage, INPUTS, memoryStorage, ResultStore, type Storage, task, transaction } from "../index.ts";
import { json, signed } from "../serializers/index.ts";
import { collect } from "../kernel/byte-source.ts";

const key = randomBytes(32);
const unsigned = json();
const sealing = signed(json(), key);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-signed-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The same task of somebody who signs and of somebody who does not. */
function pair(resultStorage: Storage) {
  const made = (resultSerializer: typeof unsigned, by: string) =>
    task("t", { cachePolicy: INPUTS, resultStorage, resultSerializer }, (x: string) => `${x} by ${by}`);
  return { trusting: made(sealing, "one who signs"), stranger: made(unsigned, "a stranger") };
}

describe("what a transaction has staged", () => {
  it("is not used unsigned by a task that asks for signatures, and the decision says so", async () => {
    const { trusting, stranger } = pair(memoryStorage());
    await transaction(async () => {
      await stranger("a");
      const state = await trusting.run("a");
      expect(state.result()).toBe("a by one who signs");
      const { outcome, reason } = state.decision!;
      expect([outcome, reason]).toEqual(["miss", expect.stringContaining("the record is not used: it is not signed")]);
      // Its own is signed, and of use to both.
      expect((await trusting.run("a")).decision!.outcome).toBe("hit");
      expect(await stranger("a")).toBe("a by one who signs");
    });
    expect((await trusting.explain("a")).outcome).toBe("hit");
  });

  it("unsigned does not commit a transaction of that key whose store asks for signatures", async () => {
    const storage = memoryStorage();
    const strangers = new ResultStore({ storage, serializer: unsigned });
    const trusting = new ResultStore({ storage, serializer: sealing });
    const block = (store: ResultStore) => transaction({ key: "k", store }, async (txn) => txn.state);
    await transaction(async () => {
      await block(strangers);
      expect(await block(trusting)).toBe("ACTIVE");
    });
    expect(await block(trusting)).toBe("COMMITTED");
    await strangers.write("k", 1);
    expect([await strangers.exists("k"), await trusting.exists("k")]).toEqual([true, false]);
    expect(await block(trusting)).toBe("ACTIVE");
  });
});

describe("a signed record of a transaction", () => {
  async function committed() {
    const storage = fileStorage(folder);
    const { trusting } = pair(storage);
    await transaction(async () => [await trusting("x"), await trusting("y")]);
    expect((await pair(fileStorage(folder)).trusting.explain("x")).outcome).toBe("hit");
    return { storage, fresh: () => pair(fileStorage(folder)).trusting };
  }

  it("does not count when its transaction is taken out of it and the marker has gone", async () => {
    const { storage, fresh } = await committed();
    for await (const { key: name, commit } of storage.list()) {
      const record = (await storage.get(name))!;
      expect(commit).toBeTypeOf("string");
      await storage.values.delete(`commit-${commit}`);
      await storage.put({ ...record.metadata, commit: undefined }, [await record.bytes()]);
    }
    expect(await fresh().explain("x")).toMatchObject({
      outcome: "miss",
      reason: "the record is not used: its signature does not fit: it was changed after it was written",
    });
  });

  it("does not count as a part of another transaction", async () => {
    const { storage, fresh } = await committed();
    await storage.values.put("commit-other", [Buffer.from("{}")]);
    for await (const { key: name } of storage.list()) {
      const record = (await storage.get(name))!;
      await storage.put({ ...record.metadata, commit: "other" }, [await record.bytes()]);
    }
    expect((await fresh().explain("x")).reason).toContain("its signature does not fit");
  });
});

describe("a signed stream", () => {
  const size = 3 * 1024 * 1024;
  const text = (fill: string) => Buffer.alloc(size, fill);

  it.each<[string, () => Storage, boolean]>([
    ["files", () => fileStorage(folder), true],
    ["memory", () => memoryStorage(), true],
    ["files, its pieces not held against their checksum", () => unchecked(fileStorage(folder)), false],
  ])("that was changed in %s gives no byte of it, but a miss that says so", async (_, make, isApart) => {
    const storage = make();
    const keyStorage = isApart ? memoryStorage() : undefined;
    const policy = keyStorage ? INPUTS.configure({ keyStorage }) : INPUTS;
    let fill = "a";
    const streamed = task(
      "s",
      { cachePolicy: policy, resultStorage: storage, resultSerializer: sealing },
      (_: number) => Readable.from([text(fill)], { objectMode: false }),
    );
    await collect(await streamed(1));
    const hit = await streamed.run(1);
    expect([hit.name, text("a").equals(await collect(hit.result()))]).toEqual(["Cached", true]);

    const index = keyStorage ?? storage;
    const [name] = await namesOf(index);
    if (isApart) await storage.values.put(name!, [text("b")]);
    else await storage.put((await index.head(name!))!, [text("b")]);
    fill = "c";
    const state = await streamed.run(1);
    expect(state.name).toBe("Completed");
    expect(state.decision!.reason).toContain("checksum does not fit");
    expect(text("c").equals(await collect(state.result()))).toBe(true);
    expect((await streamed.run(1)).name).toBe("Cached");
  });
});

async function namesOf(storage: Storage): Promise<string[]> {
  const names: string[] = [];
  for await (const { key: name } of storage.list()) names.push(name);
  return names;
}

/** A storage that hands out streams as they are. */
function unchecked(storage: Storage): Storage {
  const lax = Object.create(storage) as Storage;
  const bound = (name: "put" | "head" | "list" | "delete"): object => ({ value: storage[name].bind(storage) });
  return Object.defineProperties(lax, {
    ...Object.fromEntries((["put", "head", "list", "delete"] as const).map((name) => [name, bound(name)])),
    version: { value: undefined },
    get: {
      value: async (name: string) => {
        const record = await storage.get(name);
        if (!record) return undefined;
        const stream = async function* () {
          const chunks: Uint8Array[] = [];
          try {
            for await (const chunk of record.stream!()) chunks.push(chunk);
          } catch {
            // It goes unnoticed.
          }
          yield* chunks;
        };
        return { ...record, stream };
      },
    },
  });
}
