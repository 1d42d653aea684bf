import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { RedisOptions } from "./server.ts";
import { bounded, unanswered } from "./bounded.ts";
import { keepAlive, newIoredis } from "./ioredis.ts";

const longestPauseMs = 500;
/** How long a connection whose server does not answer is kept for the answers that are still to come. */
const patienceMs = 60_000;

/** How ioredis is to behave: a connection that is lost is the end of its client, and nothing waits in a queue of its own. */
const oneConnection = { lazyConnect: true, enableOfflineQueue: false, retryStrategy: null };

/** Commands over a connection that is opened when it is needed, and again when it is gone. */
export class OwnConnection {
  readonly #server: string | RedisOptions;
  readonly #location: string;
  readonly #timeoutMs: number;
  #session: Promise<Session> | undefined;
  /** Why there is no connection, as far as the last attempt has shown. */
  #failure: Error | undefined;

  constructor(server: string | RedisOptions, location: string, timeoutMs: number) {
    this.#server = server;
    this.#location = location;
    this.#timeoutMs = timeoutMs;
  }

  command(args: readonly string[], whenLate?: (reply: unknown) => void): Promise<unknown> {
    const until = performance.now() + this.#timeoutMs;
    let session: Session | undefined;
    const answer = async (): Promise<unknown> => {
      for (;;) {
        session = await this.#connected(until);
        try {
          return await session.command(args);
        } catch (error) {
          // The connection has just ended, and nobody has been told yet: nothing was sent, so it can be said to another one.
          if (!isNotSent(error)) throw error;
          session.end();
        }
      }
    };
    const overdue = (): Error => {
      if (session === undefined) return this.#unreachable();
      session.retire();
      return unanswered(this.#location, this.#timeoutMs);
    };
    return bounded(answer(), this.#timeoutMs, { overdue, whenLate });
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.then(
      (one) => one.end(),
      () => undefined,
    );
  }

  /** Tries until it succeeds, or the time is over: a server that is started anew is back within a second. */
  async #connected(until: number): Promise<Session> {
    for (let pause = 20; ; pause = Math.min(pause * 2, longestPauseMs)) {
      const opening = (this.#session ??= this.#open());
      const session = await opening.catch((error: unknown) => error as Error);
      this.#failure = session instanceof Session ? undefined : session;
      // What was sent after its time has passed would do something of which nobody knows any more.
      if (performance.now() > until) throw this.#unreachable();
      if (session instanceof Session && session.isUsable) return session;
      if (this.#session === opening) this.#session = undefined;
      if (session instanceof Session) continue;
      // The server is there and does not want us.
      if (session.name === "ReplyError") throw session;
      if (performance.now() + pause > until) throw this.#unreachable();
      await sleep(pause);
    }
  }

  #unreachable(): Error {
    const cause = this.#failure;
    if (cause === undefined) return unanswered(this.#location, this.#timeoutMs);
    return new Error(`${this.#location} cannot be reached: ${cause.message}`, { cause });
  }

  async #open(): Promise<Session> {
    const client = await newIoredis(this.#server, oneConnection);
    let failure: unknown;
    client.on("error", (error) => (failure = error));
    try {
      await bounded(client.connect(), this.#timeoutMs, { overdue: () => unanswered(this.#location, this.#timeoutMs) });
      return new Session(client, this.#location);
    } catch (error) {
      client.disconnect();
      throw failure ?? error;
    }
  }
}

/** In the words of ioredis, whose queue for such commands is off. */
function isNotSent(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Stream isn't writeable");
}

/** One connection, from its beginning to its end. */
class Session {
  readonly #client: Redis;
  readonly #location: string;
  #waiting = 0;
  #isRetired = false;

  constructor(client: Redis, location: string) {
    this.#client = client;
    this.#location = location;
    keepAlive(client, false);
  }

  get isUsable(): boolean {
    return !this.#isRetired && this.#client.status === "ready";
  }

  async command([name, ...args]: readonly string[]): Promise<unknown> {
    if (this.#waiting++ === 0) keepAlive(this.#client, true);
    try {
      return await this.#client.call(name!, ...args);
    } catch (cause) {
      if ((cause as Error).message !== "Connection is closed.") throw cause;
      throw new Error(`The connection to ${this.#location} broke before the answer came`, { cause });
    } finally {
      if (--this.#waiting === 0) this.#rest();
    }
  }

  /** It is used for nothing new. What it still owes may come: a server that was frozen answers when it goes on. */
  retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    keepAlive(this.#client, false);
    setTimeout(() => this.end(), patienceMs).unref();
  }

  end(): void {
    this.#isRetired = true;
    this.#client.disconnect();
  }

  #rest(): void {
    keepAlive(this.#client, false);
    if (this.#isRetired) this.end();
  }
}
