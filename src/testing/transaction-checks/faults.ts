import type { Awaitable } from "../../kernel/awaitable.ts";
import { StorageError } from "../../kernel/errors.ts";
import type { Storage, ValueArea } from "../../storage/storage.ts";
import { Scene } from "./scene.ts";

/** When a write fails: before anything was written, or when all is written and only the answer is lost. */
export type FaultMoment = "before" | "after";

/** Makes one write of several storages fail. */
export class Fault {
  readonly #nth: number;
  readonly #moment: FaultMoment;
  #writes = 0;

  /** @param nth which write fails; 1 is the first one */
  constructor(nth: number, moment: FaultMoment) {
    this.#nth = nth;
    this.#moment = moment;
  }

  /** Whether there were writes enough for the fault. */
  get hasStruck(): boolean {
    return this.#writes >= this.#nth;
  }

  async write<T>(write: () => Awaitable<T>): Promise<T> {
    this.#writes += 1;
    if (this.#writes !== this.#nth) return write();
    if (this.#moment === "after") await write();
    throw new StorageError(`Write number ${this.#nth} fails`);
  }
}

/** The same place, in which one write fails. @param singly whether batches are not to be had */
export function faulty({ parts }: Scene, fault: Fault, singly: boolean): Scene {
  const { storage, keyStorage, lockManager } = parts;
  return new Scene({
    storage: failing(storage, fault, singly),
    keyStorage: keyStorage && failing(keyStorage, fault, singly),
    lockManager,
  });
}

function failing(storage: Storage, fault: Fault, singly: boolean): Storage {
  const values: ValueArea = {
    get: (name) => storage.values.get(name),
    put: (...args) => fault.write(() => storage.values.put(...args)),
    delete: (name) => storage.values.delete(name),
  };
  const changed: Partial<Storage> = {
    values,
    capabilities: { ...storage.capabilities, atomicBatch: storage.capabilities.atomicBatch && !singly },
    put: (...args) => fault.write(() => storage.put(...args)),
  };
  if (storage.putAll && !singly) changed.putAll = (records) => fault.write(() => storage.putAll!(records));
  return new Proxy(storage, {
    get(target, name) {
      if (Object.hasOwn(changed, name)) return changed[name as keyof Storage];
      if (name === "putAll") return undefined;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
