import type { Redis } from "ioredis";
import type { RedisClient, RedisOptions } from "./server.ts";
import type { Ears, Listener } from "./channels.ts";
import { keepAlive, newIoredis } from "./ioredis.ts";

/** A connection of our own; it connects again by itself as long as there is something to listen to. */
export async function ownListener(server: string | RedisOptions, ears: Ears): Promise<Listener> {
  const retryStrategy = (attempt: number): number | null => (ears.areOpen ? Math.min(attempt * 50, 2000) : null);
  return listenWith(await newIoredis(server, { lazyConnect: true, retryStrategy, maxRetriesPerRequest: null }), ears);
}

/** A second connection like that of a client which the caller made; `undefined` where the client cannot make one. */
export function clientListener(client: RedisClient): ((ears: Ears) => Promise<Listener>) | undefined {
  const { duplicate } = client as { readonly duplicate?: unknown };
  if (typeof duplicate !== "function") return undefined;
  return async (ears) => {
    const copy = Reflect.apply(duplicate, client, []) as unknown;
    return "call" in client ? listenWith(copy as Redis, ears) : listenWithNodeRedis(copy as NodeRedis, ears);
  };
}

function listenWith(client: Redis, ears: Ears): Listener {
  client.on("error", () => undefined);
  client.on("message", (channel: string) => ears.heard(channel));
  client.on("ready", () => {
    keepAlive(client, false);
    ears.heard();
  });
  client.on("end", () => ears.ended());
  return {
    subscribe: (channel) => client.subscribe(channel),
    unsubscribe: (channel) => client.unsubscribe(channel),
    close: () => client.disconnect(),
  };
}

/** What is used of a client of the package `redis`. */
interface NodeRedis {
  on(event: "error" | "ready", listener: () => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: () => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  unref?(): void;
  destroy?(): void;
  disconnect?(): Promise<unknown>;
}

async function listenWithNodeRedis(client: NodeRedis, ears: Ears): Promise<Listener> {
  client.on("error", () => undefined);
  client.on("ready", () => ears.heard());
  await client.connect();
  client.unref?.();
  return {
    subscribe: (channel) => client.subscribe(channel, () => ears.heard(channel)),
    unsubscribe: (channel) => client.unsubscribe(channel),
    // The name was changed in version 5.
    close: () => void (client.destroy ? client.destroy() : client.disconnect?.()),
  };
}
