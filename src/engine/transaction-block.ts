/*
 * DESIGN. `transaction(options, fn)`: a block of code whose tasks count together.
 *
 *   lock the key, if SERIALIZABLE ─▶ record there? (COMMITTED) ─▶ block ─▶ work that still runs ─▶ commit by mode ─▶ the block's value
 *                                                                   └─ throws, or is cut off ─▶ roll back ─▶ its error
 *
 * The block belongs to the run around it: what ends that run early ends the wait for the block, and it is rolled back. Where there is no
 * run around it, signals reach it as they reach runs (signals.ts).
 */
import { describeError, CachingError, TransactionCommitError } from "../kernel/errors.ts";
import { mayRead, mayWrite, narrower } from "../kernel/cache-mode.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import { isStream } from "../results/encode.ts";
import type { PreparedRecord } from "../results/prepared-record.ts";
import { whyNotTrusted } from "../results/record.ts";
import type { ResultStore } from "../results/result-store.ts";
import { TransactionNode } from "../transactions/node.ts";
import type { Transaction } from "../transactions/transaction.ts";
import { BlockHost } from "./block-host.ts";
import { flowAround, modeAround } from "./cache-plan.ts";
import { acquire, noLocks } from "./isolation.ts";
import { loggerIn } from "./run-context.ts";
import { transactionBehind, transactionToJoin } from "./run-transaction.ts";
import { closeItems, openItems } from "./outlet.ts";
import { scopeForRun, withScope, type Scope } from "./scope.ts";
import type { Services } from "./services.ts";
import { roots } from "./signals.ts";
import { checkTransactionOptions, type TransactionOptions } from "./transaction-options.ts";

/** Runs a block as a transaction. @throws what the block throws; {@link TransactionCommitError}; {@link LockError} */
export function runTransaction<T>(
  services: Services,
  options: TransactionOptions,
  fn: (txn: Transaction) => T | PromiseLike<T>,
): Promise<T> {
  checkTransactionOptions(options);
  const scope = scopeForRun(services);
  const parent = transactionToJoin(scope);
  const node = new TransactionNode({
    ...options,
    parent,
    behind: transactionBehind(scope),
    host: new BlockHost(services, scope, options.key),
  });
  const done = new Block(services, scope, node, options).run(fn);
  (scope.taskRun ?? scope.flowRun)?.track(done);
  parent?.work.track(done);
  return done;
}

class Block {
  readonly #services: Services;
  readonly #scope: Scope;
  readonly #node: TransactionNode;
  readonly #options: TransactionOptions;
  /** Ends the waits of the block early. */
  readonly #cut = new AbortController();

  constructor(services: Services, scope: Scope, node: TransactionNode, options: TransactionOptions) {
    this.#services = services;
    this.#scope = scope;
    this.#node = node;
    this.#options = options;
  }

  async run<T>(fn: (txn: Transaction) => T | PromiseLike<T>): Promise<T> {
    const node = this.#node;
    const unwatch = this.#watchAround();
    let value: T;
    try {
      try {
        await this.#begin();
        value = await this.#unlessCut(this.#enter(fn));
      } catch (error) {
        await closeItems(node, node.host.label);
        await node.undo({
          reason: `${node.host.label} failed: ${describeError(error)}`,
          cause: error,
          spreads: true,
        });
        throw error;
      }
      // What it has begun and not waited for may go through items, too.
      await node.work.ended(() => openItems(node));
      await closeItems(node, node.host.label);
      await node.work.ended();
      if (node.own.prepare && !node.hasValue && !node.hasEnded) {
        node.stage(value);
        // Storing a stream goes through it: the caller gets another one.
        if (isStream(value)) value = (await node.read()) as T;
      }
      await node.close();
    } finally {
      if (node.hasEnded) await node.releaseLocks();
      unwatch();
    }
    if (node.doomedBy) throw doomed(node, node.doomedBy.cause);
    return value;
  }

  get logger(): ReturnType<typeof loggerIn> {
    return loggerIn(this.#scope);
  }

  get clock(): Scope["clock"] {
    return this.#scope.clock;
  }

  get settings(): Scope["settings"] {
    return this.#scope.settings;
  }

  /** Calls `stop` when the block is cut off. @returns a function that ends the watch */
  watch(stop: (error: unknown) => void): () => void {
    const { signal } = this.#cut;
    const onAbort = (): void => stop(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    return () => signal.removeEventListener("abort", onAbort);
  }

  /** The block is cut off when the run around it ends early; where there is none, by a signal. */
  #watchAround(): () => void {
    const cut = (error: unknown): void => this.#cut.abort(error);
    const owner = this.#scope.taskRun ?? this.#scope.flowRun;
    return owner ? owner.watch(cut) : roots.join({ logger: this.logger, interrupt: ({ error }) => cut(error) });
  }

  /** Takes the lock, and finds out whether the record is there. */
  async #begin(): Promise<void> {
    const node = this.#node;
    const { key, overwrite = false, writeOnCommit = true } = this.#options;
    if (key !== undefined) {
      const store = await this.#store();
      node.own.readThere = async () => {
        const staged = this.#stagedIn(store, key);
        return staged ? staged.store.decode(staged) : store.read(key);
      };
      if (node.isolationLevel === "SERIALIZABLE") {
        node.fence = (await acquire(this, node, await this.#lockManager(store), key)).token;
      }
      const mode = narrower(store.mode, modeAround(this.#scope));
      if (!overwrite && mayRead(mode) && (await this.#isThere(store, key))) {
        node.wasThere = true;
        this.logger.info(`${node.host.label} is committed already: its record is there`);
        node.state = "COMMITTED";
        return;
      }
      if (writeOnCommit && mayWrite(mode)) node.own.prepare = (value) => this.#record(store, key, value);
    }
    node.state = "ACTIVE";
  }

  async #store(): Promise<ResultStore> {
    if (this.#options.store) return this.#options.store;
    return this.#services.resultStore(this.settings, {
      storage: flowAround(this.#scope, (flow) => flow.storage),
      keyStorage: undefined,
      serializer: flowAround(this.#scope, (flow) => flow.serializer),
    });
  }

  async #lockManager(store: ResultStore): Promise<LockManager> {
    const index = store.keyStorage ?? store.storage;
    const named = this.#node.lockManager;
    if (named !== undefined) return this.#services.lockManager(named, this.settings);
    const manager = store.lockManager ?? this.#services.locksOf(index, this.settings);
    if (!manager) throw noLocks(index.kind);
    return manager;
  }

  async #isThere(store: ResultStore, key: string): Promise<boolean> {
    if (this.#stagedIn(store, key)) return true;
    try {
      if (await store.exists(key)) return true;
      const metadata = store.serializer.seal && (await store.stat(key));
      const why = metadata && whyNotTrusted(metadata, store.serializer.seal);
      if (why !== undefined) this.logger.warn(`Transaction '${key}': ${why}; it is taken as not committed`);
      return false;
    } catch (error) {
      const reason = `lookup failed: ${describeError(error)}`;
      if (this.settings.caching.strict) throw new CachingError(reason, { cause: error });
      this.logger.warn(`Transaction '${key}': ${reason}; it is taken as not committed`);
      return false;
    }
  }

  /** What the transactions around have staged under its key, unless that is not signed and has to be. */
  #stagedIn(store: ResultStore, key: string): PreparedRecord | undefined {
    const staged = this.#node.staged.find(store.keyStorage ?? store.storage, key);
    return staged && whyNotTrusted(staged.metadata, store.serializer.seal) === undefined ? staged : undefined;
  }

  #record(store: ResultStore, key: string, value: unknown): ReturnType<ResultStore["prepare"]> {
    const { flowRun, taskRun, clock } = this.#scope;
    const now = clock.now();
    const origin = {
      taskName: "",
      taskRunId: taskRun?.id ?? "",
      flowRunId: flowRun?.id,
      durationMs: Math.max(0, now - this.#began),
      tags: [],
      components: {},
    };
    return store.prepare({ text: `=${key}`, value: key }, value, origin, now, { expiresAt: undefined });
  }

  #began = 0;

  async #enter<T>(fn: (txn: Transaction) => T | PromiseLike<T>): Promise<T> {
    this.#began = this.clock.now();
    return withScope(this.#services, { node: this.#node }, () => fn(this.#node));
  }

  #unlessCut<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const unwatch = this.watch(reject);
      work.then(resolve, reject).finally(unwatch);
    });
  }
}

/** The block ended well, and yet nothing of it was kept. */
function doomed(node: TransactionNode, cause: unknown): TransactionCommitError {
  const reason = node.undoing?.reason ?? describeError(cause);
  return new TransactionCommitError(`${node.host.label} was rolled back: ${reason}`, [cause, ...node.errors]);
}
