import { randomUUID } from "node:crypto";
import { Postgres } from "../../io/postgres.ts";
import type { PostgresServer } from "../../io/postgres/target.ts";
import { openRedis, type RedisClient, type RedisOptions } from "../../io/redis.ts";
import { resolveServer } from "../../io/server-configuration.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { FileArea, Storage } from "../../storage/storage.ts";
import { type Check, usableStorages } from "../check.ts";
import { fail, failure, type Found, pass, warn } from "../finding.ts";

const noticeable = 5000;
const intolerable = 15 * 60_000;

/** The clocks of servers show the time of this machine: else records expire at another moment, and requests are refused. */
export const clockSkew: Check = {
  name: "clock skew",
  async *run(context) {
    const { settings, clock } = context;
    for (const { name, storage } of await usableStorages(context)) {
      const read = clockOf(storage);
      if (read !== undefined) yield await compare(name, read, clock);
    }
    const { url } = settings.database;
    if (settings.history.enabled && url !== undefined && /^postgres(ql)?:/.test(url))
      yield await compare("database.url", () => postgresTime(url), clock);
  },
};

/** What time a server has, and how far it may be off, in milliseconds. */
interface Reading {
  readonly time: number;
  readonly precision: number;
}

async function compare(name: string, read: () => Promise<Reading>, clock: Clock): Promise<Found> {
  const before = clock.now();
  let reading: Reading;
  try {
    reading = await read();
  } catch (error) {
    return failure(name, error);
  }
  const after = clock.now();
  const skew = reading.time - (before + after) / 2;
  const certain = Math.max(0, Math.abs(skew) - (after - before) / 2 - reading.precision);
  const text = `Its clock is ${(Math.abs(skew) / 1000).toFixed(1)} s ${skew < 0 ? "behind" : "ahead of"} the one of this machine`;
  const remedy = "set both clocks by NTP";
  if (certain > intolerable)
    return fail(name, `${text}: requests may be refused, and records expire at a wrong moment`, remedy);
  if (certain > noticeable) return warn(name, `${text}: records expire at a wrong moment`, remedy);
  return pass(name, certain === 0 ? "its clock shows the time of this machine" : text);
}

/** How to ask the server of a storage; `undefined` where there is none, or no way. */
function clockOf(storage: Storage): (() => Promise<Reading>) | undefined {
  const { configuration, files } = storage;
  const server = configuration?.args[0];
  if (configuration?.type === "postgres") return () => postgresTime(server as PostgresServer);
  if (configuration?.type === "redis") return () => redisTime(server as string | RedisOptions | RedisClient);
  return storage.kind === "memory" || files === undefined ? undefined : () => fileTime(files);
}

async function postgresTime(server: PostgresServer): Promise<Reading> {
  const postgres = new Postgres(resolveServer(server, "the doctor"), {}, 5000);
  try {
    const text = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::text";
    const { rows } = await postgres.query({ text, action: "read the clock of", isRepeatable: true });
    return { time: Number(textOf(rows[0]?.[0])), precision: 1 };
  } finally {
    await postgres.close();
  }
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString() : String(value);
}

async function redisTime(server: string | RedisOptions | RedisClient): Promise<Reading> {
  const link = openRedis(resolveServer(server, "the doctor"), "the doctor", 5000);
  try {
    const [seconds, micros] = (await link.command(["TIME"])) as readonly [string, string];
    return { time: Number(seconds) * 1000 + Number(micros) / 1000, precision: 1 };
  } finally {
    await link.close();
  }
}

/** When the server says that a file was written which was written now; object stores tell whole seconds. */
async function fileTime(files: FileArea): Promise<Reading> {
  const path = `oxbow-doctor-${randomUUID()}`;
  await files.write(path, [Buffer.from("What time is it?")]);
  try {
    const found = await files.find(path);
    if (found === undefined) throw new Error("A file that was written is not there");
    return { time: found.modifiedAt, precision: 1000 };
  } finally {
    await files.delete(path);
  }
}
