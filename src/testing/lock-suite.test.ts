import { describe, expect, it } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import { leaseLocks } from "../locks/lease-locks.ts";
import type { AcquireOptions, Lease, LockManager } from "../locks/lock-manager.ts";
import type { LockMedium } from "../locks/lock-medium.ts";
import { MemoryMedium } from "../locks/memory.ts";
import { type LockPlaceOptions, lockChecks, lockSuite, type OpenLockPlace } from "./lock-suite.ts";

/** What is good, with some of its members broken. */
function changed<T extends object>(good: T, changes: Partial<T>): T {
  return new Proxy(good, {
    get(target, name) {
      const value: unknown = name in changes ? changes[name as keyof T] : Reflect.get(target, name, target);
      return typeof value === "function" && !(name in changes) ? value.bind(target) : value;
    },
  });
}

/** A place whose lock managers are broken, each by itself. */
const withManager =
  (change: (good: LockManager) => Partial<LockManager>): OpenLockPlace =>
  (options) => {
    const medium = new MemoryMedium(systemClock);
    const open = (each: LockPlaceOptions): LockManager => {
      const good = leaseLocks(medium, each);
      return changed(good, change(good));
    };
    return { locks: open(options), another: () => open({ lease: options.lease }) };
  };

/** A place with good lock managers on a broken medium. */
const withMedium =
  (change: (good: LockMedium) => Partial<LockMedium>): OpenLockPlace =>
  (options) => {
    const good = new MemoryMedium(systemClock);
    const medium = changed<LockMedium>(good, change(good));
    return { locks: leaseLocks(medium, options), another: () => leaseLocks(medium, { lease: options.lease }) };
  };

const withLeases = (change: (lease: Lease) => Partial<Lease>): OpenLockPlace =>
  withManager((good) => ({
    acquire: async (...asked) => {
      const lease = await good.acquire(...asked);
      return lease && changed(lease, change(lease));
    },
  }));

const withKeys = (rename: (key: string) => string): OpenLockPlace =>
  withMedium((good) => ({
    tryAcquire: (claim) => good.tryAcquire({ ...claim, key: rename(claim.key) }),
    release: (key, token) => good.release(rename(key), token),
    look: (key) => good.look(rename(key)),
  }));

const polling = (firstMs: () => number, nextMs: number): OpenLockPlace =>
  withManager((good) => ({
    acquire: async (key, holder, options = {}) => {
      for (let ms = firstMs(); ; ms = nextMs) {
        const lease = await good.acquire(key, holder, { ...options, timeout: 0 });
        if (lease || options.timeout === 0) return lease;
        await new Promise((resolve) => setTimeout(resolve, ms));
      }
    },
  }));

const longer = (options: AcquireOptions | undefined): AcquireOptions | undefined =>
  options?.timeout === 0 ? { ...options, timeout: "1200 ms" } : options;

const mutants: Readonly<Record<string, readonly [open: OpenLockPlace, caughtBy: string]>> = {
  "grants a key to everybody": [
    withMedium((good) => {
      let token = 0;
      return { tryAcquire: ({ holder }) => ({ holder, token: (token += 1) }), release: () => true, look: good.look };
    }),
    "With the time-out 0 a lock is had at once or not at all",
  ],
  "looks first and takes later": [
    withMedium((good) => ({
      tryAcquire: async (claim) => {
        if (await good.look(claim.key)) return undefined;
        await Promise.resolve();
        for (;;) {
          const held = await good.look(claim.key);
          if (held) await good.release(claim.key, held.token);
          const grant = await good.tryAcquire(claim);
          if (grant) return grant;
        }
      },
    })),
    "Of two lock managers that ask at the same moment one gets the key",
  ],
  "knows only its own process": [
    (options) => {
      const open = (each: LockPlaceOptions): LockManager => leaseLocks(new MemoryMedium(systemClock), each);
      return { locks: open(options), another: () => open(options) };
    },
    "Of 100 acquirers in two lock managers of one place one at a time holds the key",
  ],
  "counts from one again when a key was free": [
    withLeases(() => ({ token: 1 })),
    "Each grant of a key has a greater token than all before",
  ],
  "counts tokens in each process by itself": [
    withManager((good) => {
      let token = 0;
      return {
        acquire: async (...asked) => {
          const lease = await good.acquire(...asked);
          return lease && changed(lease, { token: (token += 1) });
        },
      };
    }),
    "Tokens grow from one lock manager of a place to the other",
  ],
  "takes what follows the last point for a suffix": [
    withKeys((key) => key.replace(/(?<=.)\.[^.]*$/, "")),
    "Any two keys are two locks, however odd or alike they are",
  ],
  "ignores the case of keys": [
    withKeys((key) => key.toLowerCase()),
    "Any two keys are two locks, however odd or alike they are",
  ],
  "locks anything": [
    withManager((good) => ({ isLocked: (key) => good.isLocked(key || "empty") })),
    "What cannot be a key is refused with a ConfigurationError",
  ],
  "lets a holder wait for itself": [
    withManager((good) => {
      let calls = 0;
      return { acquire: (key, holder, options) => good.acquire(key, `${holder} ${(calls += 1)}`, options) };
    }),
    "A holder that comes again shares its lock, which is free with its last lease",
  ],
  "frees a lock with the first of its leases": [
    withManager((good) => ({
      acquire: async (key, holder, options) => {
        const lease = await good.acquire(key, holder, options);
        return lease && changed(lease, { release: () => good.release(key, holder) });
      },
    })),
    "A holder that comes again shares its lock, which is free with its last lease",
  ],
  "lets anybody release by name": [
    withManager((good) => {
      const holders = new Map<string, string>();
      return {
        acquire: (key, holder, options) => good.acquire(key, (holders.set(key, holder), holder), options),
        release: (key) => good.release(key, holders.get(key) ?? ""),
      };
    }),
    "Nobody but its holder can let a lock go by name",
  ],
  "is quiet about what release() by name has ended": [
    withLeases(() => ({ signal: new AbortController().signal })),
    "release() by name ends all leases of the holder",
  ],
  "confirms what was released": [
    withLeases(() => ({ confirm: () => undefined })),
    "A lease that was released says so, and its signal stays quiet",
  ],
  "tells only of its own locks": [
    withManager((good) => {
      const mine = new Set<string>();
      return {
        acquire: async (key, ...asked) => {
          const lease = await good.acquire(key, ...asked);
          if (lease) mine.add(key);
          return lease;
        },
        isLocked: (key) => mine.has(key) && good.isLocked(key),
      };
    }),
    "Two lock managers of one place tell the same, and let go only what is theirs",
  ],
  "has no heartbeat": [
    withMedium((good) => ({ renew: async (key, token) => (await good.look(key))?.token === token })),
    "A heartbeat keeps a lock for more than three leases",
  ],
  "ignores the hold time-out": [
    withManager((good) => ({
      acquire: (key, holder, options) => good.acquire(key, holder, { ...options, holdTimeout: undefined }),
    })),
    "A lock ends with its hold time-out, whatever its heartbeat does",
  ],
  "never ends a lease by itself": [
    withMedium((good) => ({ tryAcquire: (claim) => good.tryAcquire({ ...claim, leaseMs: 60_000 }) })),
    "A holder that was frozen for longer than its lease has lost the lock",
  ],
  "releases whatever is there": [
    withMedium((good) => ({
      release: async (key) => good.release(key, (await good.look(key))?.token ?? 0),
    })),
    "Who was taken over unawares leaves the lock of the next holder alone",
  ],
  "renews whatever is there": [
    withMedium((good) => ({
      renew: async (key, _, leaseMs) => good.renew(key, (await good.look(key))?.token ?? 0, leaseMs),
    })),
    "Who was taken over unawares leaves the lock of the next holder alone",
  ],
  "waits although it should not": [
    withManager((good) => ({ acquire: (key, holder, options) => good.acquire(key, holder, longer(options)) })),
    "With the time-out 0 a lock is had at once or not at all",
  ],
  "throws where the time-out passes": [
    withManager((good) => ({
      acquire: async (...asked) => {
        const lease = await good.acquire(...asked);
        if (!lease) throw new Error("timed out");
        return lease;
      },
    })),
    "Who has waited for as long as the time-out gets nothing",
  ],
  "has an error of its own for what was aborted": [
    withManager((good) => ({
      acquire: async (...asked) => {
        try {
          return await good.acquire(...asked);
        } catch {
          throw new Error("aborted");
        }
      },
    })),
    "An aborted signal ends the wait with its reason",
  ],
  "keeps what it is granted after somebody gave up": [
    withManager((good) => ({
      acquire: async (key, holder, { signal, ...options } = {}) => {
        const asking = (async () => good.acquire(key, holder, options))();
        signal?.throwIfAborted();
        const lease = await asking;
        await Promise.resolve();
        signal?.throwIfAborted();
        return lease;
      },
    })),
    "A lock that is granted to somebody who has just given up becomes free again",
  ],
  "serves first who came last": [
    (options) => {
      let waits = 60;
      return polling(() => (waits -= 5), 20)(options);
    },
    "Waiters of one lock manager have their turns in the order of their coming",
  ],
  "looks too seldom": [polling(() => 1300, 1300), "A waiter has the lock within a second of its release"],
  "leaves it to chance who is next": [
    withMedium((good) => ({
      tryAcquire: ({ waiter: _, ...claim }) => good.tryAcquire(claim),
      subscribe: undefined as never,
    })),
    "No waiter starves beside a lock manager that takes the lock again and again",
  ],
  "does not wait in wait()": [
    withManager(() => ({ wait: () => true })),
    "wait() ends when the lock is free, and takes nothing",
  ],
  "takes the lock in wait()": [
    withManager((good) => ({
      wait: async (key, options) => (await good.acquire(key, "who waited", options)) !== undefined,
    })),
    "wait() ends when the lock is free, and takes nothing",
  ],
  "keeps its locks when it is closed": [
    withManager(() => ({ close: () => undefined })),
    "close() lets all locks go, and the lock manager can be used again",
  ],
  "tells nobody that it was closed": [
    withManager((good) => ({
      acquire: async (...asked) => {
        try {
          return await good.acquire(...asked);
        } catch {
          return undefined;
        }
      },
    })),
    "close() sends away who waits",
  ],
};

const good = withManager(() => ({}));

async function failureOf(title: string, open: OpenLockPlace): Promise<string | undefined> {
  try {
    await lockChecks.find((check) => check.title === title)!.run(open);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe("lockSuite()", () => {
  it.each(Object.entries(mutants))("finds a lock manager that %s", async (_, [open, title]) => {
    const failure = await failureOf(title, open);
    expect(failure).toBeTypeOf("string");
    expect(failure).not.toBe("The check does not end");
  });

  it("passes a good lock manager, whichever runner calls it", async () => {
    const runs: Array<() => Promise<void>> = [];
    const titles: string[] = [];
    const runner = {
      describe: (_: string, body: () => void) => body(),
      it: (title: string, body: () => Promise<void>) => (titles.push(title), runs.push(body)),
    };
    lockSuite(runner, "good", good, { skip: { "A holder may have any name": "to see that it is skipped" } });
    for (const run of runs) await run();
    expect(titles).toHaveLength(lockChecks.length - 1);
  });

  it("refuses to skip a check that there is not, and to run one without what it needs", async () => {
    const runner = { describe: (_: string, body: () => void) => body(), it: () => undefined };
    expect(() => lockSuite(runner, "x", good, { skip: { "No such check": "why" } })).toThrow(RangeError);
    const two = lockChecks.find((check) => check.needsAnother)!;
    await expect(two.run(async (options) => ({ locks: (await good(options)).locks }))).rejects.toThrow("another()");
  });

  it("says what may be wrong where the clock of a place is not used", async () => {
    const deaf: OpenLockPlace = ({ lease }) => good({ lease });
    const title = "Who was taken over unawares leaves the lock of the next holder alone";
    expect(await failureOf(title, deaf)).toContain("is the clock that open() is given that of its `locks`?");
  });

  it("closes the lock managers and then removes the place, also where a check fails", async () => {
    const calls: string[] = [];
    const open: OpenLockPlace = async (options) => {
      const { locks } = await withManager(() => ({ isLocked: () => true }))(options);
      const close = (): void => void calls.push("close");
      return { locks: changed(locks, { close }), dispose: () => void calls.push("dispose") };
    };
    expect(await failureOf("isLocked() and isHolder() tell who holds", open)).toBeTypeOf("string");
    expect(calls).toEqual(["close", "dispose"]);
  });

  it("gives every check a title of its own that is a sentence", () => {
    const titles = lockChecks.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const title of titles) expect(title).toMatch(/^([A-Z]|wait\(|close\(|release\(|isLocked\().* .*[^.]$/);
  });
});
