import { hash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isAnswer, isBroken, isTimeout, isUndone, postgresFailure, timeoutError } from "./postgres/failure.ts";
import { Gate } from "./postgres/gate.ts";
import { Listener } from "./postgres/listener.ts";
import {
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresResult,
  type PostgresServer,
  type Target,
  targetOf,
} from "./postgres/target.ts";
import { valueTypes } from "./postgres/values.ts";

/** One statement of SQL. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** What it does, as in "Cannot <action> postgres://…". */
  readonly action: string;
  /** Whether saying it twice has the same effect and the same answer as saying it once. @default false */
  readonly isRepeatable?: boolean;
  /** Whether it will be said again and again in these words: worth remembering, where that is wanted. @default false */
  readonly isFixed?: boolean;
  /** How many bytes it carries, there or back: a large one may take longer. @default 0 */
  readonly bytes?: number;
}

type Said = Omit<Statement, "action" | "isRepeatable">;

/** Within a transaction: says a statement. */
export type Say = (statement: Said) => Promise<PostgresResult>;

/** How a server is used. */
export interface PostgresUse {
  /**
   * Whether the server is to remember statements by name, which makes each of them a quarter cheaper. Not with a pooler
   * that hands out connections per transaction, unless it knows of prepared statements (PgBouncer from 1.21 on).
   *
   * @default false
   */
  readonly prepare?: boolean | undefined;
}

/** What an operation is for, and whether it may be repeated. */
type Purpose = Pick<Statement, "action" | "isRepeatable">;
type Work<T> = (client: PostgresPoolClient, progress: Progress) => Promise<T>;

/** How far an operation has come. */
interface Progress {
  /** Whether the server may have heard of it. */
  isSaid: boolean;
  /** Whether the connection can be used again; `undefined` where the error tells. */
  isClean: boolean | undefined;
}

/** What broke is tried again so often; a server that is gone is not waited for. */
const retriesWhenBroken = 2;
/** Where transactions are serializable, many who write the same row undo each other. */
const retriesWhenUndone = 6;
/** A statement that carries more gets its time again for each of these. */
const timedBytes = 32 * 1024 * 1024;

/*
 * DESIGN: a PostgreSQL server, as all drivers use it.
 *
 * What it does: says statements through a pool of the package `pg`, a user's or its own, which is made when it is needed.
 * A statement that the server has undone because it met others is said again, and one that the connection broke
 * under, where that does no harm.
 * What it promises: nothing waits for ever; a server that does not answer is a StorageError after the time-outs. No message has
 * credentials in it. Everything works through a pooler that hands out connections per transaction, and with one connection.
 * What the caller must do: nothing but statements and transactions; nothing that a session would have to remember.
 */
export class Postgres {
  readonly location: string;
  readonly #target: Target;
  readonly #gate: Gate;
  readonly #prepare: boolean;
  #pool: PostgresPool | undefined;
  #answeredAt = 0;

  /**
   * @param queryTimeoutMs how long a statement may take where the server does not say, in milliseconds
   * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where the server cannot be understood
   * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package `pg` is not installed
   */
  constructor(server: PostgresServer, use: PostgresUse = {}, queryTimeoutMs = 30_000) {
    this.#target = targetOf(server, queryTimeoutMs);
    this.location = this.#target.location;
    this.#gate = new Gate(this.#target.max);
    this.#prepare = use.prepare === true;
  }

  /** Says one statement. */
  query(statement: Statement): Promise<PostgresResult> {
    return this.#persistently(statement, (client) => this.#say(client, statement));
  }

  /**
   * All or nothing.
   *
   * @param work what can be repeated; it uses nothing but `say`
   */
  transaction<T>(action: string, work: (say: Say) => Promise<T>): Promise<T> {
    return this.#persistently({ action }, async (client, progress) => {
      const say: Say = (statement) => this.#say(client, statement);
      await say({ text: "BEGIN ISOLATION LEVEL READ COMMITTED" });
      try {
        const result = await work(say);
        await say({ text: "COMMIT" });
        return result;
      } catch (error) {
        progress.isClean = !isTimeout(error) && !isBroken(error) && (await isDone(say({ text: "ROLLBACK" })));
        throw error;
      }
    });
  }

  /** What listens to a channel, through a connection beside the pool; `undefined` where there is none to be had. */
  listener(channel: string): Listener | undefined {
    const { newClient } = this.#target;
    return newClient && new Listener(newClient, channel);
  }

  /** Waits for what goes on, then ends connections. Used again, it makes new ones. */
  async close(): Promise<void> {
    await this.#gate.idle();
    const pool = this.#pool;
    this.#pool = undefined;
    if (pool !== undefined) await this.#target.closePool(pool);
  }

  async #persistently<T>({ action, isRepeatable = false }: Purpose, work: Work<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const progress: Progress = { isSaid: false, isClean: undefined };
      try {
        return await this.#gate.run(() => this.#withClient(progress, work));
      } catch (error) {
        const mayRepeat = isBroken(error) && (isRepeatable || !progress.isSaid);
        const limit = isUndone(error) ? retriesWhenUndone : mayRepeat ? retriesWhenBroken : 0;
        if (attempt > limit) throw postgresFailure(action, this.location, error);
      }
      await sleep(attempt * (10 + Math.random() * 90));
    }
  }

  async #withClient<T>(progress: Progress, work: Work<T>): Promise<T> {
    const began = performance.now();
    let client: PostgresPoolClient | undefined;
    let isBad = false;
    try {
      client = await this.#checkOut();
      progress.isSaid = true;
      const result = await work(client, progress);
      this.#answeredAt = performance.now();
      return result;
    } catch (error) {
      isBad = !(progress.isClean ?? isAnswer(error));
      // Nothing else has got through either: those in line would wait as long, one after the other.
      if (isTimeout(error) && this.#answeredAt < began) this.#gate.refuse(error);
      throw error;
    } finally {
      client?.release(isBad);
    }
  }

  #checkOut(): Promise<PostgresPoolClient> {
    this.#pool ??= this.#target.openPool();
    const connecting = this.#pool.connect();
    return this.#target.isPoolPatient ? this.#atMost(connecting) : connecting;
  }

  #atMost(connecting: Promise<PostgresPoolClient>): Promise<PostgresPoolClient> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const timer = setTimeout(() => {
        isOver = true;
        reject(timeoutError());
      }, this.#target.queryTimeoutMs);
      connecting
        .finally(() => clearTimeout(timer))
        .then((client) => {
          if (isOver) client.release();
          else resolve(client);
        }, reject);
    });
  }

  #say(client: PostgresPoolClient, { text, values, bytes = 0, isFixed }: Said): Promise<PostgresResult> {
    return client.query({
      text,
      values,
      name: this.#prepare && isFixed === true ? nameOf(text) : undefined,
      rowMode: "array",
      types: valueTypes,
      query_timeout: this.#target.queryTimeoutMs * (1 + Math.floor(bytes / timedBytes)),
    });
  }
}

const names = new Map<string, string>();

/** The same name for the same text: a connection that is used by several must not find another text under it. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = `oxbow_${hash("sha256", text).slice(0, 24)}`));
  return name;
}

function isDone(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
