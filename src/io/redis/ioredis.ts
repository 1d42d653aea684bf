import { createRequire } from "node:module";
import type { Redis, RedisOptions as IoredisOptions } from "ioredis";
import { OxbowError } from "../../kernel/errors.ts";
import type { RedisOptions } from "./server.ts";

/**
 * Says so where a driver is made, not at the first command.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package is not installed
 */
export function checkIoredis(who: string): void {
  try {
    createRequire(import.meta.url).resolve("ioredis");
  } catch (cause) {
    throw new OxbowError("OXBOW_DRIVER_MISSING", `${who} needs the package ioredis, which is not installed`, {
      cause,
      hint: "npm install ioredis, or give it a client of your own",
    });
  }
}

/** What is said about the constructor differs between the versions of ioredis. */
type Options = Omit<IoredisOptions, "replyMapping">;

/** A client that has not connected yet. The package is loaded by the first one: importing a driver costs nothing of it. */
export async function newIoredis(server: string | RedisOptions, how: Options): Promise<Redis> {
  const { Redis } = await import("ioredis");
  const client = typeof server === "string" ? new Redis(server, how) : new Redis({ ...(server as Options), ...how });
  // Who listens to nothing gets a line on stderr for each attempt to connect.
  client.on("error", () => undefined);
  return client;
}

/** Whether an open connection keeps the process from ending. */
export function keepAlive({ stream }: Redis, alive: boolean): void {
  const socket = stream as unknown as { ref?(): void; unref?(): void } | undefined;
  if (alive) socket?.ref?.();
  else socket?.unref?.();
}
