import { hash } from "node:crypto";
import type { Postgres } from "../../io/postgres.ts";
import type { Listener } from "../../io/postgres/listener.ts";
import { Schema } from "../../io/postgres/schema.ts";
import { asText, longestIndexed } from "../../io/postgres/values.ts";
import type { Configuration } from "../../kernel/configuration.ts";
import type { Claim, Grant, LockMedium } from "../lock-medium.ts";
import { type LockStatements, lockStatements } from "./statements.ts";
import { lockTables } from "./tables.ts";

const channel = "oxbow_locks";
/** After so many releases, rows that nobody needs any more are removed. */
const releasesBetweenTidyings = 1000;

/*
 * DESIGN: grants as rows.
 *
 * What it does: each operation is one statement, and the clock is that of the server. To acquire is an INSERT that takes
 * over a row that is free or has expired, or notes a reservation in it. To release leaves the row, with its token, and notifies: the
 * message is a hash of the key, since a key may be longer than a message, and for whom it is reserved, so that no others come.
 * What it promises: lock-medium.ts. A token is the last one plus one, or the time in microseconds where that is more: it goes on
 * growing when the row was removed.
 * What the caller must do: look again by itself; behind a pooler nothing wakes it.
 */
export class PostgresMedium implements LockMedium {
  readonly kind = "postgres";
  readonly location: string;
  readonly configuration: Configuration | undefined;
  /** Absent where nobody can be woken. */
  readonly subscribe?: (key: string, wake: () => void) => Promise<() => void>;
  readonly #postgres: Postgres;
  readonly #schema: Schema;
  readonly #say: LockStatements;
  readonly #listener: Listener | undefined;
  readonly #notifies: boolean;
  #releases = 0;
  /** Who waits here: one for all keys. */
  #waiter: string | undefined;

  /** @param notifies whether to wake those who wait, and to be woken as far as that can be */
  constructor(postgres: Postgres, schemaName: string, notifies: boolean, configuration?: Configuration) {
    this.configuration = configuration;
    this.#postgres = postgres;
    this.#schema = new Schema(postgres, schemaName, lockTables);
    this.location = this.#schema.location;
    this.#say = lockStatements(`${this.#schema.quoted}.locks`);
    this.#notifies = notifies;
    const listener = notifies ? postgres.listener(channel) : undefined;
    if (listener !== undefined) {
      this.subscribe = (key, wake) =>
        listener.listen(this.#subjectOf(key), (waiter) => {
          if (waiter === "" || waiter === this.#waiter) wake();
        });
    }
    this.#listener = listener;
  }

  async tryAcquire({ key, holder, leaseMs, waiter, reserveMs }: Claim): Promise<Grant | undefined> {
    const values = [idOf(key), asText(holder), leaseMs];
    if (waiter !== undefined) this.#waiter = asText(waiter).slice(0, 100);
    const { rows } = await this.#schema.query({
      ...(waiter === undefined
        ? { text: this.#say.acquire, values }
        : { text: this.#say.acquireOrReserve, values: [...values, asText(waiter), reserveMs ?? 0] }),
      action: "acquire a lock in",
      isFixed: true,
    });
    const [token, isGranted = true] = rows[0] ?? [];
    return token === undefined || isGranted === false ? undefined : { holder, token: token as number };
  }

  async renew(key: string, token: number, leaseMs: number): Promise<boolean> {
    const renewed = await this.#schema.queryIfThere({
      text: this.#say.renew,
      values: [idOf(key), token, leaseMs],
      action: "extend a lock in",
      isRepeatable: true,
      isFixed: true,
    });
    return renewed?.rowCount === 1;
  }

  async release(key: string, token: number): Promise<boolean> {
    const released = await this.#schema.queryIfThere({
      ...(this.#notifies
        ? { text: this.#say.releaseAndNotify, values: [idOf(key), token, channel, this.#subjectOf(key)] }
        : { text: this.#say.release, values: [idOf(key), token] }),
      action: "release a lock in",
      isFixed: true,
    });
    this.#releases += 1;
    if (this.#releases % releasesBetweenTidyings === 0) this.#tidy();
    return released?.rows.length === 1;
  }

  async look(key: string): Promise<Grant | undefined> {
    const found = await this.#schema.queryIfThere({
      text: this.#say.look,
      values: [idOf(key)],
      action: "look at a lock in",
      isRepeatable: true,
      isFixed: true,
    });
    const [holder, token] = found?.rows[0] ?? [];
    return holder === undefined ? undefined : { holder: holder as string, token: token as number };
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    await this.#postgres.close();
  }

  /** Nobody waits for it, and nobody minds if it fails: it comes round again. */
  #tidy(): void {
    this.#schema.queryIfThere({ text: this.#say.tidy, action: "tidy up" }).catch(() => undefined);
  }

  #subjectOf(key: string): string {
    return hash("sha256", `${this.#schema.quoted} ${key}`).slice(0, 32);
  }
}

/** What an index can hold. UTF-8 has no byte 0xFF, so that no other key is the hash of this one. */
function idOf(key: string): Uint8Array {
  const bytes = Buffer.from(key);
  if (bytes.length <= longestIndexed) return bytes;
  return Buffer.concat([Buffer.of(0xff), hash("sha256", bytes, "buffer")]);
}
