import { bounded, unanswered } from "../../io/redis/bounded.ts";
import { describeError, RecordError, StorageError } from "../../kernel/errors.ts";
import { readingsOf } from "./raw-bytes.ts";

/** What is used of a storage of `unstorage`: what `createStorage()` and `prefixStorage()` make has it. */
export interface UnstorageLike {
  getItemRaw(key: string): Promise<unknown>;
  setItemRaw(key: string, value: Uint8Array): Promise<void>;
  hasItem(key: string): Promise<boolean>;
  removeItem(key: string): Promise<void>;
  getKeys(base?: string): Promise<readonly string[]>;
  getMounts?(): ReadonlyArray<{ readonly driver: { readonly name?: string | undefined } }>;
}

/*
 * DESIGN: items of unstorage, with what its drivers leave open.
 *
 * What it does: every request has a time limit. Of one item one request runs at a time within this process, because several drivers
 * (`fs` among them) write in place: a reader beside a writer would see half of it, two writers would leave a mixture.
 * Every write is looked for afterwards; the first one is read back and compared, until one has come back as it was written.
 * What it promises: an item that is not there is `undefined`, all else that goes wrong a StorageError. Messages of drivers are passed on
 * without user names, passwords and query strings of URLs; the errors themselves are not, because of what hangs on them.
 * What it cannot promise: anything about other processes.
 */
export class UnstorageItems {
  readonly location: string;
  readonly #storage: UnstorageLike;
  readonly #timeoutMs: number;
  readonly #verify: boolean;
  readonly #turns: Map<string, Promise<unknown>>;
  /** Whether an item has come back as it was written. */
  #isTrusted = false;

  constructor(storage: UnstorageLike, location: string, timeoutMs: number, verify: boolean) {
    this.location = location;
    this.#storage = storage;
    this.#timeoutMs = timeoutMs;
    this.#verify = verify;
    let turns = turnsOf.get(storage);
    if (turns === undefined) turnsOf.set(storage, (turns = new Map<string, Promise<unknown>>()));
    this.#turns = turns;
  }

  /** How an item is named in messages. */
  named(name: string): string {
    return `The item ${JSON.stringify(name)} of ${this.location}`;
  }

  /** The bytes that an item may mean; see raw-bytes.ts. */
  read(name: string): Promise<readonly Buffer[] | undefined> {
    return this.#inTurn(name, () => this.#read(name));
  }

  /**
   * Writes an item.
   *
   * @param check throws a {@link RecordError} where readings are nothing that was ever written
   * @param ifAbsent only where there is none
   * @returns whether it was written
   */
  write(name: string, bytes: Buffer, check: (readings: readonly Buffer[]) => void, ifAbsent = false): Promise<boolean> {
    return this.#inTurn(name, async () => {
      if (ifAbsent && (await this.#has(name))) return false;
      await this.#request("write", name, () => this.#storage.setItemRaw(name, bytes));
      if (this.#verify) await this.#lookFor(name, bytes, check);
      return true;
    });
  }

  /** @returns whether there was one */
  remove(name: string): Promise<boolean> {
    return this.#inTurn(name, async () => {
      if (!(await this.#has(name))) return false;
      await this.#request("remove", name, () => this.#storage.removeItem(name));
      return true;
    });
  }

  /** The names of all items below a base. */
  async names(base: string): Promise<readonly string[]> {
    const found = await this.#request("list", base, () => this.#storage.getKeys(base));
    return found.filter((name) => name.startsWith(`${base}:`));
  }

  async #lookFor(name: string, bytes: Buffer, check: (readings: readonly Buffer[]) => void): Promise<void> {
    if (this.#isTrusted) {
      if (!(await this.#has(name))) throw lost(this.named(name));
      return;
    }
    let readings: readonly Buffer[] | undefined;
    try {
      readings = await this.#read(name);
      if (readings === undefined) throw lost(this.named(name));
      if (readings.some((each) => each.equals(bytes))) this.#isTrusted = true;
      // Something else may be what another process has written since.
      else check(readings);
    } catch (error) {
      throw error instanceof RecordError ? changed(this.named(name), error) : error;
    }
  }

  async #read(name: string): Promise<readonly Buffer[] | undefined> {
    const item = await this.#request("read", name, () => this.#get(name));
    if (item === null || item === undefined) return undefined;
    // Some drivers (`fs`) return the error that they have met.
    if (item instanceof Error) throw failure("read", this.named(name), item);
    return readingsOf(item, this.named(name));
  }

  async #get(name: string): Promise<unknown> {
    try {
      return await this.#storage.getItemRaw(name);
    } catch (error) {
      // The driver `http` trips over the answer that says that there is nothing.
      if (error instanceof TypeError && !(await this.#storage.hasItem(name))) return undefined;
      throw error;
    }
  }

  #has(name: string): Promise<boolean> {
    return this.#request("look for", name, () => this.#storage.hasItem(name));
  }

  async #request<T>(action: string, name: string, work: () => Promise<T>): Promise<T> {
    const overdue = (): Error => unanswered(this.location, this.#timeoutMs);
    try {
      return await bounded((async () => work())(), this.#timeoutMs, { overdue });
    } catch (error) {
      throw failure(action, this.named(name), error);
    }
  }

  #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name);
    const mine = before === undefined ? work() : before.then(work, work);
    this.#turns.set(name, mine);
    const done = (): void => {
      if (this.#turns.get(name) === mine) this.#turns.delete(name);
    };
    mine.then(done, done);
    return mine;
  }
}

/** Bridges over one storage take turns with each other, too. */
const turnsOf = new WeakMap<object, Map<string, Promise<unknown>>>();

function failure(action: string, what: string, error: unknown): StorageError {
  const message = describeError(error)
    .replace(/\/\/[^/@\s"']*@/g, "//")
    .replace(/\?[^\s"')]*/g, "");
  return new StorageError(`Cannot ${action} ${what[0]!.toLowerCase()}${what.slice(1)}: ${message}`);
}

function lost(what: string): StorageError {
  return new StorageError(`${what} is not there after it was written`, {
    hint: "its driver drops what is too large, is read-only, or shows writes late: for the last, pass `verifyWrites: false`",
  });
}

function changed(what: string, cause: RecordError): StorageError {
  return new StorageError(`${what} did not come back as it was written`, {
    cause,
    hint: "its driver does not keep bytes: take another one, or another storage",
  });
}
