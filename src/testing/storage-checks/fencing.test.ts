import { describe, expect, it } from "vitest";
import { broken, changedMetadata, firstFailure } from "../../../tests/fixtures/broken-storages.ts";
import { LockError, StorageError } from "../../kernel/errors.ts";
import type { Storage } from "../../storage/storage.ts";

/** A storage with its own way to compare tokens. */
const unfenced = (isRefused: (fence: number, inPlace: number) => boolean = () => false, none?: number) =>
  broken((good) => ({
    put: async (metadata, payload, options) => {
      const inPlace = await good.head(metadata.key);
      const fence = metadata.fence ?? none;
      const standing = inPlace && (inPlace.fence ?? none);
      if (fence !== undefined && standing !== undefined && !options?.ifAbsent && isRefused(fence, standing))
        throw new LockError("OXBOW_LOCK_LOST", metadata.key, "refused");
      if (inPlace && !options?.ifAbsent) void good.delete(metadata.key);
      return good.put(metadata, payload, options);
    },
  }));

const mutants: Readonly<Record<string, () => Storage>> = {
  "drops the fencing token": changedMetadata(({ fence: _, ...metadata }) => metadata),
  "drops the transaction": changedMetadata(({ commit: _, ...metadata }) => metadata),
  "keeps the transaction of the record before": broken((good) => ({
    put: async (metadata, payload, options) => {
      const before = (await good.head(metadata.key))?.commit;
      return good.put(before === undefined ? metadata : { ...metadata, commit: before }, payload, options);
    },
  })),
  "takes any fencing token": unfenced(),
  "compares fencing tokens as texts": unfenced((fence, inPlace) => `${fence}` < `${inPlace}`),
  "compares fencing tokens too early": broken((good) => ({
    put: async (metadata, payload, options) => {
      const inPlace = await good.head(metadata.key);
      await Promise.resolve();
      if (!options?.ifAbsent && !((inPlace?.fence ?? 0) > metadata.fence!)) void good.delete(metadata.key);
      return good.put(metadata, payload, options);
    },
  })),
  "refuses the token that is in place": unfenced((fence, inPlace) => fence <= inPlace),
  "takes no token for the lowest": unfenced((fence, inPlace) => fence < inPlace, -1),
  "ignores fencing tokens in a batch": broken((good) => ({
    putAll: async (records) => {
      for (const [{ fence: _, ...metadata }, payload] of records) await good.put(metadata, payload);
    },
  })),
  "says that it is fencing with another error": broken((good) => ({
    put: async (...write) => {
      try {
        return await good.put(...write);
      } catch (error) {
        throw error instanceof LockError ? new StorageError(error.message) : error;
      }
    },
  })),
};

describe("storageSuite()", () => {
  it.each(Object.entries(mutants))("finds a storage that %s", async (_, make) => {
    expect(await firstFailure(() => ({ storage: make() }))).toBeTypeOf("string");
  });
});
