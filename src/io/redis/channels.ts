import { bounded, unanswered } from "./bounded.ts";

/** Channels of a Redis, listened to over one connection. */
export interface Channels {
  /**
   * Calls `listener` for every message of a channel, and where some may have been missed because the connection was lost for a while.
   *
   * @returns a function that ends it; listening has begun when the promise is fulfilled
   */
  subscribe(channel: string, listener: () => void): Promise<() => void>;
  close(): void;
}

/** What a connection for channels tells. */
export interface Ears {
  /** A message has come; without a channel: some may have been missed. */
  heard(channel?: string): void;
  /** The connection is gone, and does not come back by itself. */
  ended(): void;
  /** Whether there is any channel to listen to. */
  readonly areOpen: boolean;
}

/** A connection for channels. */
export interface Listener {
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  close(): void;
}

interface Topic {
  readonly listeners: Set<() => void>;
  readonly begun: Promise<unknown>;
}

/** Opens its connection for the first channel, and keeps it until it is closed. */
export class SharedChannels implements Channels, Ears {
  readonly #open: (ears: Ears) => Promise<Listener>;
  readonly #location: string;
  readonly #timeoutMs: number;
  readonly #topics = new Map<string, Topic>();
  #listener: Promise<Listener> | undefined;

  constructor(open: (ears: Ears) => Promise<Listener>, location: string, timeoutMs: number) {
    this.#open = open;
    this.#location = location;
    this.#timeoutMs = timeoutMs;
  }

  get areOpen(): boolean {
    return this.#topics.size > 0;
  }

  async subscribe(channel: string, listener: () => void): Promise<() => void> {
    const topic = this.#topics.get(channel) ?? { listeners: new Set(), begun: this.#begin(channel) };
    this.#topics.set(channel, topic);
    // A wrapper of its own: the same function may listen twice.
    const one = (): void => listener();
    topic.listeners.add(one);
    const leave = (): void => this.#leave(channel, topic, one);
    try {
      await topic.begun;
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  heard(channel?: string): void {
    const topics = channel === undefined ? [...this.#topics.values()] : [this.#topics.get(channel)];
    for (const topic of topics) for (const listener of [...(topic?.listeners ?? [])]) listener();
  }

  ended(): void {
    this.#listener = undefined;
  }

  close(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#topics.clear();
    void listener?.then((one) => one.close()).catch(() => undefined);
  }

  #begin(channel: string): Promise<unknown> {
    const opened = (this.#listener ??= this.#open(this));
    // What could not be opened is not kept.
    opened.catch(() => this.#listener === opened && this.ended());
    return bounded(
      opened.then((listener) => listener.subscribe(channel)),
      this.#timeoutMs,
      { overdue: () => unanswered(this.#location, this.#timeoutMs) },
    );
  }

  #leave(channel: string, topic: Topic, listener: () => void): void {
    topic.listeners.delete(listener);
    if (topic.listeners.size > 0 || this.#topics.get(channel) !== topic) return;
    this.#topics.delete(channel);
    void this.#listener?.then((one) => one.unsubscribe(channel)).catch(() => undefined);
  }
}
