import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import {
  all,
  contentOf,
  failure,
  keys,
  nothing,
  records,
  seen,
  type Step,
  storeOf,
  watched,
} from "../../tests/fixtures/publications.ts";
import { isPromise } from "../kernel/awaitable.ts";
import { LockError, SerializationError } from "../kernel/errors.ts";
import { fileStorage } from "../storage/file.ts";
import { memoryStorage } from "../storage/memory.ts";
import { sqliteStorage } from "../storage/sqlite.ts";
import type { Storage } from "../storage/storage.ts";
import { publish, type Publication, type PublishableRecord } from "./publish.ts";

const folders: string[] = [];

function newFolder(): string {
  folders.push(mkdtempSync(join(tmpdir(), "oxbow-publish-")));
  return folders.at(-1)!;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Storages that publish in each of the ways there are. */
const kinds: Readonly<Record<string, { make: () => Storage; atomicBatch: boolean }>> = {
  "a storage with batches": { make: () => memoryStorage(), atomicBatch: true },
  SQLite: { make: () => sqliteStorage(newFolder()), atomicBatch: true },
  "a storage without batches": { make: () => memoryStorage(), atomicBatch: false },
  files: { make: () => fileStorage(newFolder()), atomicBatch: false },
};

describe.each(Object.entries(kinds))("publish() to %s", (_, { make, atomicBatch }) => {
  it("shows a reader all records or none, at every step", async () => {
    const storage = make();
    const looks: Array<Array<number | string>> = [];
    const watch = { after: async () => void looks.push(await seen(storage)) };
    const store = storeOf(watched(storage, watch, { atomicBatch }));
    const publication = await publish(await records(store, 1));
    expect(looks.at(-1)).toEqual(all(1));
    for (const look of looks.slice(0, -1)) expect(look).toEqual(nothing);
    expect(publication.metadata.map(({ key }) => key)).toEqual(keys);

    looks.length = 0;
    await publish(await records(store, 2));
    expect(looks.at(-1)).toEqual(all(2));
    for (const look of looks.slice(0, -1)) expect(look).not.toContain(2);

    looks.length = 0;
    const third = await publish(await records(store, 3));
    looks.length = 0;
    expect(await third.withdraw()).toEqual([]);
    expect(looks.at(-1)).toEqual(nothing);
    if (!atomicBatch) for (const look of looks) expect(look).toEqual(nothing);
    expect(await contentOf(storage)).toEqual([]);
    await storage.close();
  });

  it("leaves nothing that counts where any operation fails, done or not", async () => {
    for (const isDone of [false, true]) {
      for (let failing = 0; ; failing += 1) {
        const storage = make();
        let count = 0;
        const fail = ([operation, key]: Step): void => {
          if (count++ === failing) throw new Error(`${operation} ${key}`);
        };
        const store = storeOf(watched(storage, isDone ? { after: fail } : { before: fail }, { atomicBatch }));
        const publication = publish(await records(store, 1));
        if (failing === (atomicBatch ? 1 : 6)) {
          await publication;
          expect(count).toBe(failing);
          expect(await seen(storage)).toEqual(all(1));
          await storage.close();
          break;
        }
        const { errors, cause, message } = await failure(publication);
        expect(errors).toEqual([cause]);
        expect(message).toMatch(/^put|^values\.put commit-/);
        expect(await seen(storage)).toEqual(nothing);
        expect(await contentOf(storage)).toEqual([]);
        if (storage.kind === "file")
          expect(readdirSync(storage.location).filter((name) => name !== ".tmp")).toEqual([]);
        await storage.close();
      }
    }
  });

  it("says all that went wrong where taking back fails too, and none of it counts all the same", async () => {
    const storage = make();
    let isBroken = false;
    const watch = {
      before([operation, key]: Step): void {
        isBroken ||= operation === "values.put" || operation === "putAll";
        if (isBroken) throw new Error(`${operation} ${key}`);
      },
    };
    const store = storeOf(watched(storage, watch, { atomicBatch }));
    const { errors } = await failure(publish(await records(store, 1)));
    expect(errors.map((error) => (error as Error).message.split(" ")[0])).toEqual(
      atomicBatch ? ["putAll"] : ["values.put", "values.delete", ...keys.map(() => "delete")],
    );
    expect(await seen(storage)).toEqual(nothing);
    await storage.close();
  });

  it("publishes none where one fencing token is refused, and leaves what refused it", async () => {
    const storage = make();
    const store = storeOf(watched(storage, {}, { atomicBatch }));
    const later = (await records(store, 7, 5))[2]!;
    await publish([later]);
    const { errors } = await failure(publish(await records(store, 1, 4)));
    expect(errors).toEqual([expect.any(LockError)]);
    expect(await seen(storage)).toEqual(["absent", "absent", 7, "absent", "absent"]);
    const publication = await publish(await records(store, 2, 6));
    expect(publication.metadata.map(({ fence }) => fence)).toEqual(keys.map(() => 6));
    expect(await seen(storage)).toEqual(all(2));
    await storage.close();
  });

  it("takes back what is still the same, and leaves what others have written since", async () => {
    const storage = make();
    const store = storeOf(watched(storage, {}, { atomicBatch }));
    const publication = await publish(await records(store, 1));
    const origin = { taskName: "t", taskRunId: "other", durationMs: 1, tags: [], components: {} };
    await store.save({ text: keys[1]!, value: keys[1]! }, { round: 9 }, origin, 5);
    await storage.delete(keys[3]!);
    expect(await publication.withdraw()).toEqual([]);
    expect(await seen(storage)).toEqual(["absent", 9, "absent", "absent", "absent"]);
    expect(await publication.withdraw()).toEqual([]);
    expect(await seen(storage)).toEqual(["absent", 9, "absent", "absent", "absent"]);
    await storage.close();
  });

  it("counts the later one of two records with one key", async () => {
    const storage = make();
    const store = storeOf(watched(storage, {}, { atomicBatch }));
    const [first, second] = [await records(store, 1), await records(store, 2)];
    const publication = await publish([...first.slice(0, 2), ...second]);
    expect(publication.metadata.map(({ key }) => key)).toEqual([...keys.slice(0, 2), ...keys]);
    expect(publication.metadata[0]).toBe(publication.metadata[2]);
    expect(await seen(storage)).toEqual(all(2));
    await storage.close();
  });
});

describe("publish()", () => {
  it("calls beforePublishing once, before the first record is written; what it throws stops everything", async () => {
    const steps: string[] = [];
    const storage = memoryStorage();
    const watch = { before: ([operation]: Step) => void steps.push(operation) };
    const beforePublishing = async (): Promise<void> => void steps.push("confirm");
    const store = storeOf(watched(storage, watch, { atomicBatch: false }), watched(memoryStorage(), watch));
    await publish(await records(store, 1), { beforePublishing });
    expect(steps).toEqual([...keys.map(() => "values.put"), "confirm", "putAll"]);
    steps.length = 0;
    const lost = new LockError("OXBOW_LOCK_LOST", "key", "lost");
    for (const count of [1, 5]) {
      const stopped = publish((await records(storeOf(watched(storage, watch)), 2)).slice(0, count), {
        beforePublishing: () => Promise.reject(lost),
      });
      expect((await failure(stopped)).errors).toEqual([lost]);
    }
    expect(steps).toEqual([]);
  });

  it("answers at once for one record, where the storage does; a failure is a rejection", async () => {
    const storage = memoryStorage();
    const [record] = await records(storeOf(storage), 1, 3);
    const publication = publish([record!], { beforePublishing: () => undefined });
    expect(isPromise(publication)).toBe(false);
    expect((publication as Publication).metadata[0]).toMatchObject({ key: "key 0", fence: 3 });
    expect(storage.head("key 0")).toEqual((publication as Publication).metadata[0]);
    const stopped = publish([record!], {
      beforePublishing() {
        throw new Error("no");
      },
    });
    expect((await failure(stopped)).errors).toEqual([new Error("no")]);
  });

  it("has nothing to do for no records, and confirms all the same", async () => {
    let confirmed = 0;
    const publication = await publish([], { beforePublishing: () => void (confirmed += 1) });
    expect([publication.metadata, await publication.withdraw(), confirmed]).toEqual([[], [], 1]);
  });

  it("writes the value as it was when it was prepared", async () => {
    const storage = memoryStorage();
    const store = storeOf(storage);
    const value = { bytes: new Uint8Array(100_000).fill(1) };
    const origin = { taskName: "t", taskRunId: "r", durationMs: 1, tags: [], components: {} };
    const record = await store.prepare({ text: "k", value: "k" }, value, origin, 1);
    value.bytes.fill(2);
    await publish([{ ...record, fence: undefined }]);
    expect(await store.read("k")).toEqual({ bytes: new Uint8Array(100_000).fill(1) });
    await expect(async () => store.prepare({ text: "k", value: "k" }, () => 1, origin, 1)).rejects.toThrow(
      SerializationError,
    );
  });

  it("makes memory forget what it has of the keys", async () => {
    const storage = watched(memoryStorage(), {}, { atomicBatch: false });
    const store = storeOf(storage);
    const find = async (): Promise<unknown> => {
      const lookup = await store.lookUp({ text: "key 0", value: "key 0" }, 0);
      return lookup.kind === "found" ? (lookup.value as { round: number }).round : lookup.kind;
    };
    const first = await publish(await records(store, 1));
    expect([await find(), await find()]).toEqual([1, 1]);
    const second = await publish(await records(store, 2));
    expect([await find(), await find()]).toEqual([2, 2]);
    await second.withdraw();
    expect(await find()).toBe("absent");
    expect(await first.withdraw()).toEqual([]);
  });
});

describe("publish() to two storages", () => {
  const two = async (a: Storage, b: Storage): Promise<PublishableRecord[]> => [
    ...(await records(storeOf(a), 1)),
    ...(await records(storeOf(b), 1)),
  ];

  it("publishes to one after the other, and hands out the metadata in the order of the records", async () => {
    const [a, b] = [memoryStorage(), memoryStorage()];
    const given = await two(a, b);
    const shuffled = given.map((_, i) => given[(i * 3) % 10]!);
    const publication = await publish(shuffled);
    expect(publication.metadata.map(({ key, createdAt }) => [key, createdAt])).toEqual(
      shuffled.map(({ metadata }) => [metadata.key, metadata.createdAt]),
    );
    expect([await seen(a), await seen(b)]).toEqual([all(1), all(1)]);
    await publication.withdraw();
    expect([await seen(a), await seen(b)]).toEqual([nothing, nothing]);
  });

  it.each([true, false])("takes the first back where the second fails; with batches: %s", async (atomicBatch) => {
    const [a, b] = [memoryStorage(), memoryStorage()];
    const no = new Error("no");
    const watch = {
      before([operation, key]: Step): void {
        if (operation === "putAll" || (operation === "put" && key === "key 3")) throw no;
      },
    };
    const publication = publish(await two(watched(a, {}, { atomicBatch }), watched(b, watch, { atomicBatch })));
    expect((await failure(publication)).errors).toEqual([no]);
    expect([await seen(a), await seen(b)]).toEqual([nothing, nothing]);
    expect([await contentOf(a), await contentOf(b)]).toEqual([[], []]);
  });
});
