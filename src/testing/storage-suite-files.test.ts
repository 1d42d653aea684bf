import { describe, expect, it } from "vitest";
import { broken, changed, fails } from "../../tests/fixtures/broken-storages.ts";
import { cut, failsInFolder, filing, renaming, whatCame } from "../../tests/fixtures/broken-streams.ts";
import { isByteSource } from "../kernel/byte-source.ts";
import { StorageError } from "../kernel/errors.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage, StoredFile } from "../storage/storage.ts";
import { fileChecks } from "./storage-checks/files.ts";
import { storageChecks } from "./storage-suite.ts";

/* Storages that break a promise about plain files, each with the check that has to find it. */

const mutants: ReadonlyArray<readonly [name: string, title: string, make: () => Storage]> = [
  [
    "says that every file was removed",
    "A file is written, found, replaced and removed",
    filing((files) => ({ delete: async (path) => (await files.delete(path)) || true })),
  ],
  [
    "ignores the folders of a path",
    "Any two paths are two files, in whatever folders",
    renaming((path) => path.split("/").at(-1) ?? ""),
  ],
  [
    "decodes paths like a URL",
    "Any two paths are two files, in whatever folders",
    renaming((path) => path.replaceAll("%2F", "/")),
  ],
  [
    "repairs paths",
    "A path that leads out, or is none, is refused by every method",
    renaming((path) => path.replaceAll("//", "/").replaceAll("\\", "/")),
  ],
  [
    "looks for any path",
    "A path that leads out, or is none, is refused by every method",
    filing((files) => ({ find: (path) => (path.includes("..") ? undefined : files.find(path)) })),
  ],
  [
    "hands out the file that it keeps",
    "Bytes of a file that were handed in and out belong to the caller",
    filing((files) => {
      const kept = new Map<number, Uint8Array>();
      return {
        find: async (path) => {
          const found = await files.find(path);
          if (!found) return undefined;
          if (!kept.has(found.size)) kept.set(found.size, await found.bytes());
          const { size, modifiedAt } = found;
          return { size, modifiedAt, bytes: () => kept.get(size)!, stream: () => found.stream() };
        },
      };
    }),
  ],
  [
    "gives nothing for a file that has gone",
    "A file that has gone since it was found is a StorageError",
    filing((files) => ({
      find: async (path) => {
        const found = await files.find(path);
        return found && { ...found, bytes: async () => (await files.find(path))?.bytes() ?? new Uint8Array(0) };
      },
    })),
  ],
  [
    "does not remove a file beside a stream that was left early",
    "A stream of a file may be left early, or never be read",
    filing((files) => {
      let open = 0;
      return {
        find: async (path) => {
          const found = await files.find(path);
          return (
            found && {
              ...found,
              async *stream() {
                open += 1;
                yield* found.stream();
                open -= 1;
              },
            }
          );
        },
        delete: (path) => open === 0 && files.delete(path),
      };
    }),
  ],
  [
    "writes files in their place",
    "A file whose source throws half-way stays what it was",
    filing((files) => ({
      write: async (path, payload) => {
        const error = isByteSource(payload) ? (await whatCame(payload)).error : undefined;
        await files.write(path, await cut(payload));
        if (error !== undefined) throw new StorageError("failed", { cause: error });
      },
    })),
  ],
  [
    "mixes the files of two writers",
    "Of many writers of one file at once one leaves its file, whole",
    filing((files) => ({
      write: async (path, payload) => {
        const bytes = Buffer.concat(await cut(payload));
        const before = await (await files.find(path))?.bytes();
        await files.write(path, [bytes.subarray(0, 20), before?.subarray(20) ?? bytes.subarray(20)]);
      },
    })),
  ],
  [
    "takes files for records",
    "A file is no record and no value",
    broken((good) => ({
      head: async (key) => (await good.head(key)) ?? ((await found(good, key)) ? ({ key } as never) : undefined),
    })),
  ],
  [
    "takes records for files",
    "A record and a value are no files",
    filing((files, good) => ({
      find: async (path) => {
        const record = await good.get(path);
        if (!record) return files.find(path);
        const bytes = await record.bytes();
        return { size: bytes.byteLength, modifiedAt: 0, bytes: () => bytes, stream: () => record.stream!() };
      },
    })),
  ],
  [
    "lets records take the place of files",
    "A record does not take the place of a file of its name: both are there, or it is refused",
    broken((good) => ({
      put: async (metadata, payload, options) => {
        if (await found(good, metadata.key)) await good.files!.write(metadata.key, [Buffer.from("a record")]);
        return good.put(metadata, payload, options);
      },
    })),
  ],
  [
    "lets files take the place of records",
    "A file does not take the place of a record of its name: both are there, or it is refused",
    filing((files, good) => ({
      write: async (path, payload) => {
        await good.delete(path);
        await files.write(path, payload);
      },
    })),
  ],
];

async function found(good: Storage, path: string): Promise<boolean> {
  try {
    return (await good.files!.find(path)) !== undefined;
  } catch {
    return false;
  }
}

function remembering(good: Storage): Storage {
  const files = good.files!;
  const known = new Map<string, StoredFile>();
  const find = async (path: string): Promise<StoredFile | undefined> => {
    const found = known.get(path) ?? (await files.find(path));
    if (found === undefined) return undefined;
    const bytes = await found.bytes();
    known.set(path, { ...found, size: found.size, modifiedAt: found.modifiedAt, bytes: () => bytes });
    return known.get(path);
  };
  return changed(good, {
    files: {
      find,
      locate: (path) => files.locate(path),
      write: (path, payload) => files.write(path, payload),
      delete: (path) => files.delete(path),
    },
  });
}

describe("storageSuite()", () => {
  it.each(mutants)("finds a storage that %s", async (_, title, make) => {
    const check = storageChecks.find((each) => each.title === title)!;
    expect(await fails(check, () => ({ storage: memoryStorage() })), "A good storage passes").toBe(false);
    expect(await fails(check, () => ({ storage: make() }))).toBe(true);
  });

  it("has a broken storage for every check of files", () => {
    const found = new Set(mutants.map(([, title]) => title));
    const all = fileChecks.filter((check) => !check.needsAnother);
    expect(all.map(({ title }) => title).filter((title) => !found.has(title))).toEqual([]);
  });

  it("finds a storage that remembers the files it has found", async () => {
    const title = "A file is seen by another storage of the place";
    expect(await failsInFolder(title, (storage) => storage)).toBe(false);
    expect(await failsInFolder(title, remembering)).toBe(true);
  });
});
