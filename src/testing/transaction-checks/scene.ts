import assert from "node:assert/strict";
import type { TaskOptions } from "../../authoring/options.ts";
import { task, type Task } from "../../authoring/task.ts";
import { cacheKey } from "../../defaults.ts";
import type { LockManager } from "../../locks/lock-manager.ts";
import { ResultStore } from "../../results/result-store.ts";
import { serializerFor } from "../../serializers/registry.ts";
import type { Storage } from "../../storage/storage.ts";

/** What transactions are made of: where their records go, and who hands out the locks. */
export interface TransactionParts {
  readonly storage: Storage;
  /** Keeps the metadata apart from the values. @default none */
  readonly keyStorage?: Storage | undefined;
  readonly lockManager: LockManager;
}

/** A place as one process sees it: tasks that keep their results there, and what is found there. */
export class Scene {
  /** What happened, in order. */
  readonly log: string[] = [];
  readonly store: ResultStore;
  readonly parts: TransactionParts;

  constructor(parts: TransactionParts) {
    this.parts = parts;
    this.store = this.fresh();
  }

  get locks(): LockManager {
    return this.parts.lockManager;
  }

  /** A store that has seen nothing yet, as that of a process which has just begun. */
  fresh(): ResultStore {
    const { storage, keyStorage, lockManager } = this.parts;
    return new ResultStore({ storage, keyStorage, lockManager, serializer: serializerFor("json") });
  }

  /** A task whose result is stored under exactly this key. Its hooks and its body note in {@link log} that they ran. */
  task<R = string>(key: string, body: () => R, options: TaskOptions = {}): Task<[], Awaited<R>> {
    return this.#make(key, body, "READ_COMMITTED", options);
  }

  /** The same, SERIALIZABLE. */
  exclusive<R = string>(key: string, body: () => R, options: TaskOptions = {}): Task<[], Awaited<R>> {
    return this.#make(key, body, "SERIALIZABLE", options);
  }

  #make<R>(
    key: string,
    body: () => R,
    isolationLevel: "READ_COMMITTED" | "SERIALIZABLE",
    options: TaskOptions,
  ): Task<[], Awaited<R>> {
    const { storage, keyStorage, lockManager } = this.parts;
    const cachePolicy = cacheKey(key).configure({ isolationLevel, lockManager, ...(keyStorage && { keyStorage }) });
    const hooks = {
      onCommit: () => void this.log.push(`${key} committed`),
      onRollback: () => void this.log.push(`${key} undone`),
    };
    return task(key, { cachePolicy, resultStorage: storage, ...hooks, ...options }, () => {
      this.log.push(key);
      return body();
    }) as Task<[], Awaited<R>>;
  }

  /** The keys of all records that a process which begins now finds. */
  async keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of this.fresh().list()) keys.push(key);
    return keys;
  }

  /** Fails unless a process which begins now finds these records, whole, and no others. */
  async expectRecords(records: Readonly<Record<string, unknown>>): Promise<void> {
    assert.deepEqual(await this.keys(), Object.keys(records).toSorted());
    const store = this.fresh();
    for (const [key, value] of Object.entries(records))
      assert.deepEqual(await store.read(key), value, `Value of ${key}`);
  }

  /** Fails unless nothing can be had under a key, neither metadata nor value. */
  async expectNothing(...keys: string[]): Promise<void> {
    const store = this.fresh();
    for (const key of keys) {
      assert.equal(await store.exists(key), false, `There is a record under ${key}`);
      await assert.rejects(store.read(key), `There is a value under ${key}`);
    }
  }

  /** Fails unless all of these keys are free. */
  async expectUnlocked(...keys: string[]): Promise<void> {
    for (const key of keys) assert.equal(await this.locks.isLocked(key), false, `The lock of ${key} is held`);
  }
}
