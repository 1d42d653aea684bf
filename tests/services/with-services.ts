/*
 * Runs a command with a PostgreSQL and a Redis of its own, which end with it:
 *
 *   node tests/services/with-services.ts -- node tests/chaos/kill-locks.ts --rounds 200
 *
 * The command finds them in OXBOW_TEST_PG_URL and OXBOW_TEST_REDIS_URL; where these are set already, it gets those. Exits with the
 * command's own status. `--only redis` starts no more than that.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { parseArgs } from "node:util";
import { type Kind, kinds, obtain } from "./obtain.ts";

const { values, positionals } = parseArgs({ options: { only: { type: "string" } }, allowPositionals: true });
const [command, ...args] = positionals;
const chosen = (values.only?.split(",") ?? ["postgres", "redis"]) as Kind[];
if (command === undefined || chosen.some((kind) => !(kind in kinds)))
  throw new Error("Usage: with-services.ts [--only postgres,redis] -- <command> [arguments]");

const services = await Promise.all(chosen.map(async (kind) => ({ ...kinds[kind], found: await obtain(kind) })));
try {
  process.exitCode = await run(command, args);
} finally {
  await Promise.all(services.map(({ found }) => found.stop()));
}

/** Runs the command to its end. Ctrl-C in a terminal reaches it by itself; then what is started here has to wait for it. */
async function run(program: string, programArgs: readonly string[]): Promise<number> {
  const env = { ...process.env };
  for (const { title, variable, found } of services) {
    if ("missing" in found) {
      console.error(`There is no ${title}: ${found.missing}`);
      return 1;
    }
    env[variable] = found.url;
  }
  const child = spawn(program, programArgs, { stdio: "inherit", env });
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + constants.signals[signal!];
}
