import { setTimeout as sleep } from "node:timers/promises";
import type { PostgresClient } from "./target.ts";

/** Called with what a message says behind its subject; with nothing where messages may have been lost. */
export type Hear = (rest: string) => void;

/** How a {@link Listener} takes its time, in milliseconds. */
export interface ListenerTimes {
  /** A server that cannot be listened to is tried again after so long. */
  readonly retry: number;
  /** How long somebody who wants to listen waits for the connection. */
  readonly patience: number;
  /** A connection that nobody listens on any more is kept for so long. */
  readonly linger: number;
}

const defaultTimes: ListenerTimes = { retry: 5000, patience: 1000, linger: 10_000 };

/*
 * DESIGN: one connection beside the pool that listens to a channel (LISTEN) for all who wait.
 *
 * What it does: is opened for the first one, and closed some time after the last. Where it cannot be opened, or breaks, it is
 * tried again after a while, for as long as somebody waits.
 * What it promises: it never fails, and never keeps the process from ending. Whenever messages may have been lost, all
 * are woken.
 * What the caller must do: look by itself from time to time. Behind a pooler nothing may arrive, and nobody says so.
 */
export class Listener {
  readonly #newClient: () => PostgresClient;
  readonly #channel: string;
  readonly #times: ListenerTimes;
  readonly #hearers = new Map<string, Set<Hear>>();
  #client: PostgresClient | undefined;
  #opening: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isRetrying = false;

  /** @param newClient makes a connection that is not connected yet */
  constructor(newClient: () => PostgresClient, channel: string, times: Partial<ListenerTimes> = {}) {
    this.#newClient = newClient;
    this.#channel = channel;
    this.#times = { ...defaultTimes, ...times };
  }

  /**
   * Calls `hear` with every message about a subject: the first word of what is sent to the channel.
   *
   * @returns what ends that
   */
  async listen(subject: string, hear: Hear): Promise<() => void> {
    const hearers = this.#hearers.get(subject) ?? new Set();
    this.#hearers.set(subject, hearers.add(hear));
    if (this.#client !== undefined) clearTimeout(this.#timer);
    else if (!this.#isRetrying) await this.#opened();
    return () => this.#forget(subject, hear);
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    await this.#opening;
    clearTimeout(this.#timer);
    this.#isRetrying = false;
    const client = this.#client;
    this.#client = undefined;
    // A server that does not answer is not waited for.
    client?.end().catch(() => undefined);
  }

  #forget(subject: string, hear: Hear): void {
    const hearers = this.#hearers.get(subject);
    hearers?.delete(hear);
    if (hearers?.size === 0) this.#hearers.delete(subject);
    if (this.#hearers.size === 0 && this.#client !== undefined) this.#later(this.#times.linger, () => this.close());
  }

  /** Waits for the connection, but not for long: without it wake-ups are missing, and nothing else. */
  async #opened(): Promise<void> {
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    const patience = new AbortController();
    await Promise.race([
      this.#opening,
      sleep(this.#times.patience, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
  }

  async #open(): Promise<void> {
    const client = this.#newClient();
    client.on("notification", ({ payload = "" }) => this.#tell(payload));
    client.on("error", () => this.#lost(client));
    client.on("end", () => this.#lost(client));
    try {
      await client.connect();
      client.unref?.();
      await client.query({ text: `LISTEN ${this.#channel}`, query_timeout: this.#times.retry });
      this.#client = client;
    } catch {
      client.end().catch(() => undefined);
      this.#retryLater();
    }
  }

  #lost(client: PostgresClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#wakeAll();
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#hearers.size === 0) return;
    this.#isRetrying = true;
    this.#later(this.#times.retry, () => {
      this.#isRetrying = false;
      if (this.#hearers.size > 0) void this.#opened().then(() => this.#wakeAll());
    });
  }

  #tell(message: string): void {
    const [subject, ...rest] = message.split(" ");
    for (const hear of this.#hearers.get(subject!) ?? []) hear(rest.join(" "));
  }

  #wakeAll(): void {
    for (const hearers of this.#hearers.values()) for (const hear of hearers) hear("");
  }

  #later(delayMs: number, action: () => unknown): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delayMs);
    this.#timer.unref();
  }
}
