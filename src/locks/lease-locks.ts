import { andThen, type Awaitable, isPromise } from "../kernel/awaitable.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { type Configuration, discreet } from "../kernel/configuration.ts";
import type { Duration } from "../kernel/duration.ts";
import { checkOptionNames } from "../kernel/option-names.ts";
import { Heartbeat } from "./lease-locks/heartbeat.ts";
import { KeyQueue } from "./lease-locks/key-queue.ts";
import { checkHolder, checkKey, leaseMsOf, wishOf } from "./lease-locks/options.ts";
import { Place } from "./lease-locks/place.ts";
import { Watch } from "./lease-locks/watch.ts";
import type { AcquireOptions, Lease, LockManager } from "./lock-manager.ts";
import type { LockMedium } from "./lock-medium.ts";

/** How a lock manager works. */
export interface LockOptions {
  /**
   * How long a lock outlives a holder that died: without a heartbeat it ends after so long. At least 100 ms; longer than a process may
   * be busy without coming to its heartbeat, which beats three times in that time.
   *
   * @default "30s"
   */
  readonly lease?: Duration | undefined;
  /** What heartbeats, time-outs and intervals go by. @default the clock of the machine */
  readonly clock?: Clock | undefined;
}

/*
 * DESIGN: everything about locks that is the same for every medium.
 *
 *   lease-locks/place.ts       the medium, with its errors named, and the local time that leases are measured by
 *   lease-locks/options.ts     what users pass, checked
 *   lease-locks/key-queue.ts   who of this process holds a key and who waits for it; only the first asks the medium
 *   lease-locks/turn.ts        a place in that queue: one holder with all of its acquires
 *   lease-locks/waiter.ts      one acquire that waits: its answer, time-out or signal
 *   lease-locks/watch.ts       the same for `wait`, which takes nothing and stands in no queue
 *   lease-locks/asking.ts      asking the medium again: when woken (ear.ts), else at intervals (patience.ts)
 *   lease-locks/holding.ts     a grant, the leases that share it (held-lease.ts), and when it is lost
 *   lease-locks/heartbeat.ts   one timer that extends all of them
 *
 * What it does: turns five operations of a medium into the contract of lock-manager.ts. A lock that nobody else wants costs one
 * operation to acquire and one to release; where the medium answers synchronously, nothing is awaited.
 * What it promises: a holder never believes for longer than the medium that it holds a lock. A lease is measured from before its
 * operation was sent, by the wall clock and the steady one, whichever ran faster: one stands still while the machine sleeps, the other
 * may be set back.
 * What the caller must do: bring a medium that keeps what lock-medium.ts promises; `lockSuite` of oxbow/testing tells.
 */

/**
 * A lock manager over a medium. The built-in ones are made by this; call it for a medium of your own.
 *
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` for a lease below 100 ms, `OXBOW_DURATION_INVALID` for what is no duration
 */
export function leaseLocks(medium: LockMedium, options: LockOptions = {}): LockManager {
  checkOptionNames(options, ["lease", "clock"], "A lock manager");
  // A clock is alive, and cannot be saved.
  const configuration = options.clock === undefined ? medium.configuration : undefined;
  return new LeaseLocks(medium, configuration, leaseMsOf(options.lease ?? "30s"), options.clock ?? systemClock);
}

class LeaseLocks implements LockManager {
  readonly kind: string;
  readonly location: string;
  readonly #place: Place;
  readonly #heartbeat: Heartbeat;
  /** One for each key that somebody of this process holds or waits for. */
  readonly #queues = new Map<string, KeyQueue>();
  readonly #watches = new Set<Watch>();
  readonly #configuration: Configuration | undefined;

  constructor(medium: LockMedium, configuration: Configuration | undefined, leaseMs: number, clock: Clock) {
    this.kind = medium.kind;
    this.location = medium.location;
    this.#configuration = discreet(configuration);
    this.#place = new Place(medium, leaseMs, clock);
    this.#heartbeat = new Heartbeat(this.#place);
  }

  get configuration(): Configuration | undefined {
    return this.#configuration;
  }

  acquire(key: string, holder: string, options?: AcquireOptions): Awaitable<Lease | undefined> {
    checkKey(key);
    checkHolder(holder);
    const wish = wishOf(options);
    wish.signal?.throwIfAborted();
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new KeyQueue(this.#place, this.#heartbeat, key, this.#forget);
      this.#queues.set(key, queue);
    }
    return queue.acquire(holder, wish);
  }

  release(key: string, holder: string): Awaitable<boolean> {
    checkKey(key);
    return this.#queues.get(key)?.release(holder) ?? false;
  }

  isLocked(key: string): Awaitable<boolean> {
    return andThen(this.#place.look(key), (grant) => grant !== undefined);
  }

  isHolder(key: string, holder: string): Awaitable<boolean> {
    return andThen(this.#place.look(key), (grant) => grant?.holder === holder);
  }

  wait(key: string, options?: Pick<AcquireOptions, "timeout" | "signal">): Awaitable<boolean> {
    checkKey(key);
    const wish = wishOf(options);
    wish.signal?.throwIfAborted();
    return new Watch(this.#place, key, wish, this.#watches).start();
  }

  close(): Awaitable<void> {
    const queues = [...this.#queues.values()];
    // Whoever comes from now on finds new queues; the old ones only end what they have begun.
    this.#queues.clear();
    // Before the locks are let go, or it would look as if their wait had come to its end.
    for (const watch of this.#watches) watch.fail(this.#place.closed(watch.key));
    const failures: unknown[] = [];
    const ends = queues.map((queue) => queue.close(failures)).filter(isPromise);
    this.#heartbeat.stop();
    const closed = (): Awaitable<void> =>
      andThen(
        this.#place.ask(undefined, () => this.#place.medium.close()),
        () => {
          if (failures.length > 0) throw failures[0];
        },
      );
    return ends.length === 0 ? closed() : Promise.all(ends).then(closed);
  }

  readonly #forget = (queue: KeyQueue): void => {
    if (this.#queues.get(queue.key) === queue) this.#queues.delete(queue.key);
  };
}
