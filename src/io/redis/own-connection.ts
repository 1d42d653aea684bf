import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { RedisArgument, RedisOptions } from "./server.ts";
import { bounded, unanswered } from "./bounded.ts";
import { keepAlive, newIoredis } from "./ioredis.ts";

const longestPauseMs = 500;
/** How long a connection whose server does not answer is kept for the answers that are still to come. */
const patienceMs = 60_000;

/** How ioredis is to behave: a connection that is lost is the end of its client, and nothing waits in a queue of its own. */
const oneConnection = { lazyConnect: true, enableOfflineQueue: false, retryStrategy: null };

/** How a command is sent. */
export interface How {
  /** How long it may take. @default the time limit of the connection */
  readonly timeoutMs?: number | undefined;
  /** Whether strings of the answer are to be bytes. @default false */
  readonly inBytes?: boolean;
  /** Called with an answer that comes after the time limit. */
  readonly whenLate?: ((reply: unknown) => void) | undefined;
}

/** Commands over a connection that is opened when it is needed, and again when it is gone. */
export class OwnConnection {
  readonly #server: string | RedisOptions;
  readonly #location: string;
  readonly #timeoutMs: number;
  #session: Promise<Session> | undefined;
  /** The last one that was connected. */
  #current: Session | undefined;
  /** Why there is no connection, as far as the last attempt has shown. */
  #failure: Error | undefined;

  constructor(server: string | RedisOptions, location: string, timeoutMs: number) {
    this.#server = server;
    this.#location = location;
    this.#timeoutMs = timeoutMs;
  }

  command(args: readonly RedisArgument[], how: How = {}): Promise<unknown> {
    const { timeoutMs = this.#timeoutMs, inBytes = false, whenLate } = how;
    const until = performance.now() + timeoutMs;
    let session = this.#current;
    const overdue = (): Error => {
      if (session === undefined) return this.#unreachable();
      session.retire();
      return unanswered(this.#location, timeoutMs);
    };
    const again = async (): Promise<unknown> => {
      for (;;) {
        session = await this.#connected(until);
        try {
          return await session.command(args, inBytes);
        } catch (error) {
          if (!isNotSent(error)) throw error;
          session.end();
        }
      }
    };
    if (!session?.isUsable) session = undefined;
    const answer = session?.command(args, inBytes).catch((error: unknown) => {
      // The connection has just ended, and nobody has been told yet: nothing was sent, so it can be said to another one.
      if (!isNotSent(error)) throw error;
      session?.end();
      return again();
    });
    return bounded(answer ?? again(), timeoutMs, { overdue, whenLate });
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = this.#current = undefined;
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
      if (session instanceof Session && session.isUsable) return (this.#current = session);
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
      throw withoutCommand(failure ?? error);
    }
  }
}

/** What ioredis adds to an error is the command with all that was sent: a password, a value of any length. */
function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) delete (error as { command?: unknown }).command;
  return error;
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
  #gathered: Redis["stream"] | undefined;
  #isRetired = false;

  constructor(client: Redis, location: string) {
    this.#client = client;
    this.#location = location;
    keepAlive(client, false);
  }

  get isUsable(): boolean {
    return !this.#isRetired && this.#client.status === "ready";
  }

  async command([name, ...args]: readonly RedisArgument[], inBytes: boolean): Promise<unknown> {
    if (this.#waiting++ === 0) keepAlive(this.#client, true);
    this.#gather();
    try {
      // Not by spreading: a batch may have more arguments than a function.
      return await (inBytes ? this.#client.callBuffer(name as string, args) : this.#client.call(name as string, args));
    } catch (cause) {
      if ((cause as Error).message !== "Connection is closed.") throw withoutCommand(cause);
      throw new Error(`The connection to ${this.#location} broke before the answer came`, { cause });
    } finally {
      if (--this.#waiting === 0) this.#rest();
    }
  }

  /** What is said in one turn goes out in one write: with many callers, writing is most of what a command costs. */
  #gather(): void {
    const { stream } = this.#client;
    if (this.#gathered !== undefined || !stream) return;
    this.#gathered = stream;
    stream.cork();
    process.nextTick(this.#sendGathered);
  }

  readonly #sendGathered = (): void => {
    this.#gathered?.uncork();
    this.#gathered = undefined;
  };

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
