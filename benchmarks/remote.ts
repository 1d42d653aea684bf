import { Redis } from "ioredis";
import pg from "pg";
import { ResultStore } from "../src/results/result-store.ts";
import { json } from "../src/serializers/index.ts";
import { postgresStorage } from "../src/storage/postgres.ts";
import { redisStorage } from "../src/storage/redis.ts";
import type { Storage } from "../src/storage/storage.ts";
import { startPostgres } from "../tests/services/postgres.ts";
import { startRedis } from "../tests/services/redis.ts";
import { type Server, ServiceMissing } from "../tests/services/server-process.ts";
import type { Row, Work } from "./compare.ts";

const value = { id: 7, title: "A small value", tags: ["a", "b"], nested: { when: "2026-01-01", n: 1.5 } };

/** What it costs to have results on a server, beside the same bytes fetched by the bare client. */
export interface RemoteRows {
  readonly rows: readonly Row[];
  stop(): Promise<void>;
}

/** Does something `n` times, `callers` at once. */
function by(callers: number, once: (i: number) => Promise<unknown>): Work {
  return async (n) => {
    let i = 0;
    const one = async (): Promise<void> => {
      while (i < n) await once(i++);
    };
    await Promise.all(Array.from({ length: callers }, one));
  };
}

/** A lookup as a task does it, past the memory of the process. */
function lookUps(storage: Storage): (i: number) => Promise<void> {
  const store = new ResultStore({ storage, serializer: json(), memory: { entries: 0, bytes: 0 } });
  return async () => {
    const found = await store.lookUp({ text: "=key", value: "key" }, Date.now());
    if (found.kind !== "found") throw new Error(`A hit that is none: ${found.kind}`);
  };
}

async function filled(storage: Storage): Promise<void> {
  await new ResultStore({ storage, serializer: json() }).write("key", value);
}

async function orWhy<T>(start: Promise<T>): Promise<T | string> {
  return start.catch((error: unknown) => {
    if (error instanceof ServiceMissing) return error.message;
    throw error;
  });
}

/** Redis: hits, and misses with the write that follows. */
export async function redisRows(): Promise<RemoteRows | string> {
  const server = await orWhy<Server>(startRedis());
  if (typeof server === "string") return server;
  const storage = redisStorage(server.url);
  const bare = new Redis(server.url);
  await filled(storage);
  const bytes = await bare.getBuffer("oxbow:r:key");
  const store = new ResultStore({ storage, serializer: json(), memory: { entries: 0, bytes: 0 } });
  let fresh = 0;
  const miss = async (): Promise<void> => {
    const key = `key ${(fresh += 1)}`;
    await store.lookUp({ text: `=${key}`, value: key }, Date.now());
    await store.save({ text: `=${key}`, value: key }, value, origin, Date.now());
  };
  const getAndSet = async (): Promise<void> => {
    const key = `bare ${(fresh += 1)}`;
    await bare.getBuffer(key);
    await bare.set(key, bytes!);
  };
  const rows = [1, 100].flatMap((callers): Row[] => [
    {
      name: `Redis hit, ${callers} at once`,
      n: 2500,
      rounds: 15,
      oxbow: by(callers, lookUps(storage)),
      yardstick: { name: "GET", work: by(callers, () => bare.getBuffer("oxbow:r:key")) },
      target: { ratio: 1.25 },
    },
    {
      name: `Redis miss, ${callers} at once`,
      n: 2500,
      rounds: 15,
      oxbow: by(callers, miss),
      yardstick: { name: "GET + SET", work: by(callers, getAndSet) },
      target: { ratio: 1.3 },
    },
  ]);
  const stop = async (): Promise<void> => {
    bare.disconnect();
    await storage.close();
    await server.stop();
  };
  return { rows, stop };
}

const origin = { taskName: "bench", taskRunId: "run", durationMs: 1, tags: [], components: { "inputs.x": "ab12" } };

/** PostgreSQL: hits beside the same statement said by the package `pg`. */
export async function postgresRows(): Promise<RemoteRows | string> {
  const server = await orWhy<Server>(startPostgres());
  if (typeof server === "string") return server;
  const pool = new pg.Pool({ connectionString: server.url });
  const said: string[] = [];
  pool.on("connect", (client) => {
    const query = client.query as (...args: unknown[]) => unknown;
    client.query = ((...args: unknown[]) => {
      said.push((args[0] as { readonly text: string }).text);
      return Reflect.apply(query, client, args);
    }) as typeof client.query;
  });
  const watched = postgresStorage(pool);
  await filled(watched);
  await watched.get("key");
  const text = said.at(-1)!;
  await pool.end();

  const storage = postgresStorage(server.url);
  const bare = new pg.Pool({ connectionString: server.url, max: 10 });
  const values = [Buffer.from("key"), Buffer.alloc(0)];
  const rows = [1, 100].map(
    (callers): Row => ({
      name: `PostgreSQL hit, ${callers} at once`,
      n: 1300,
      rounds: 15,
      oxbow: by(callers, lookUps(storage)),
      yardstick: { name: "the statement", work: by(callers, () => bare.query({ text, values, rowMode: "array" })) },
      target: { ratio: 1.25 },
    }),
  );
  const stop = async (): Promise<void> => {
    await bare.end();
    await storage.close();
    await server.stop();
  };
  return { rows, stop };
}
