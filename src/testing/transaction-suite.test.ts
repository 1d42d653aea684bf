import { describe, expect, it } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import { leaseLocks } from "../locks/lease-locks.ts";
import type { Lease, LockManager } from "../locks/lock-manager.ts";
import { MemoryMedium } from "../locks/memory.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { RecordMetadata, Storage } from "../storage/storage.ts";
import {
  type OpenTransactionPlace,
  transactionChecks,
  type TransactionParts,
  transactionSuite,
} from "./transaction-suite.ts";

/** What is good, with some of its members broken. */
function changed<T extends object>(good: T, changes: Partial<T>): T {
  return new Proxy(good, {
    get(target, name) {
      const value: unknown = name in changes ? changes[name as keyof T] : Reflect.get(target, name, target);
      return typeof value === "function" && !(name in changes) ? value.bind(target) : value;
    },
  });
}

interface Changes {
  readonly storage?: (good: Storage) => Partial<Storage>;
  readonly locks?: (good: LockManager) => Partial<LockManager>;
  readonly lease?: (good: Lease) => Partial<Lease>;
}

/** A place whose parts are broken. */
function place({ storage, locks, lease }: Changes): OpenTransactionPlace {
  return () => {
    const [good, medium] = [memoryStorage(), new MemoryMedium(systemClock)];
    const brokenStorage = changed(good, storage?.(good) ?? {});
    const parts = (): TransactionParts => {
      const manager = leaseLocks(medium);
      const acquire: LockManager["acquire"] = async (...args) => {
        const granted = await manager.acquire(...args);
        return granted && lease ? changed(granted, lease(granted)) : granted;
      };
      const lockManager = changed(manager, { ...(lease && { acquire }), ...locks?.(manager) });
      return { storage: brokenStorage, lockManager };
    };
    return { ...parts(), another: parts };
  };
}

const unfenced = (good: Storage): Partial<Storage> => ({
  put: (metadata, payload, options) => good.put({ ...metadata, fence: undefined }, payload, options),
  putAll: (records) =>
    good.putAll!(records.map(([metadata, payload]) => [{ ...metadata, fence: undefined }, payload] as const)),
});

const mutants: Readonly<Record<string, readonly [changes: Changes, caughtBy: string]>> = {
  "grants a key to everybody": [
    { locks: (good) => ({ acquire: (key, holder) => good.acquire(`${key} ${holder} ${Math.random()}`, holder) }) },
    "Of 30 callers of one key one computes, and the others take its value",
  ],
  "has locks of its own in every process": [
    {
      locks: () => {
        const own = leaseLocks(new MemoryMedium(systemClock));
        return { acquire: (...args) => own.acquire(...args), isLocked: (key) => own.isLocked(key) };
      },
    },
    "Of 30 callers in two processes one computes, and the others take its value",
  ],
  "never lets a lock go": [
    { lease: () => ({ release: () => true }) },
    "The locks of what is inside are kept until the transaction around it has ended",
  ],
  "confirms what is lost, and has records without fences": [
    { lease: () => ({ confirm: () => undefined }), storage: unfenced },
    "A commit whose lock was lost is refused, and the record of the new holder stays",
  ],
  "does not wait": [
    { locks: (good) => ({ acquire: (key, holder) => good.acquire(key, holder, { timeout: 0 }) }) },
    "A caller whose forerunner fails computes itself",
  ],
  "publishes one record after the other": [
    {
      storage: (good) => ({
        putAll: async (records) => {
          for (const [metadata, payload] of records.toReversed()) {
            await good.put(metadata, payload);
            await new Promise((resolve) => setImmediate(resolve));
          }
        },
      }),
    },
    "A reader elsewhere finds all records of a commit or none, at every moment",
  ],
  "leaves the first of several records out": [
    { storage: (good) => ({ putAll: (records) => good.putAll!(records.slice(1)) }) },
    "The block's value is returned, and all records are there at its end",
  ],
  "removes nothing": [
    { storage: () => ({ delete: () => true }) },
    "A commit hook that throws takes all records back, and no other commit hook runs",
  ],
  "changes what marks a record as this one": [
    {
      storage: (good) => ({
        head: async (key) => {
          const found: RecordMetadata | undefined = await good.head(key);
          return found && { ...found, createdAt: found.createdAt + 1 };
        },
      }),
    },
    "A commit hook that throws takes all records back, and no other commit hook runs",
  ],
};

async function failureOf(title: string, open: OpenTransactionPlace): Promise<string | undefined> {
  try {
    await transactionChecks.find((check) => check.title === title)!.run(open);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const runnerOf = (register: (title: string, body: () => Promise<void>) => void) => ({
  describe: (_: string, body: () => void) => body(),
  it: register,
});

describe("transactionSuite()", () => {
  it.each(Object.entries(mutants))("finds parts of which one %s", async (_, [changes, title]) => {
    expect(await failureOf(title, place(changes))).toBeTypeOf("string");
  });

  it("passes good parts, whichever runner calls it", async () => {
    const runs: Array<() => Promise<void>> = [];
    const skipped = "A rollback by hand takes the transactions around it along, and is no error";
    const runner = runnerOf((_, body) => runs.push(body));
    transactionSuite(runner, "good", place({}), { skip: { [skipped]: "to see that it is skipped" } });
    expect(runs).toHaveLength(transactionChecks.length - 1);
    for (const run of runs) await run();
  });

  it("refuses to skip a check that there is not, and to run one without what it needs", async () => {
    const runner = runnerOf(() => undefined);
    expect(() => transactionSuite(runner, "x", place({}), { skip: { "No such check": "why" } })).toThrow(RangeError);
    const two = transactionChecks.find((check) => check.needsAnother)!;
    const alone: OpenTransactionPlace = async () => ({ ...(await place({})()), another: undefined });
    await expect(two.run(alone)).rejects.toThrow("another()");
  });

  it("gives every check a title of its own that is a sentence", () => {
    const titles = transactionChecks.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const title of titles) expect(title).toMatch(/^([A-Z]|`\w+`|getTransaction\(\)).* .*[^.]$/);
  });
});
