import { execFile } from "node:child_process";
import { globSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";
import { type Server, ServiceMissing, startProcess } from "./server-process.ts";

const script = fileURLToPath(new URL("../../scripts/get-redis.sh", import.meta.url));

/**
 * Starts a Redis of one's own on the loopback, without persistence.
 *
 * @param port where it listens. @default a free one
 * @param settings further arguments: `["--requirepass", "secret"]`
 * @throws {ServiceMissing} where there is none and none can be had
 */
export async function startRedis(port?: number, settings: readonly string[] = []): Promise<Server> {
  const program = await findProgram();
  const folder = mkdtempSync(join(tmpdir(), "oxbow-redis-"));
  port ??= await freePort();
  // Where it was unpacked, its libraries are beside it, not where the system looks for them.
  const libraries = globSync(join(dirname(program), "../lib/*-linux-gnu*"));
  const path = [...libraries, process.env["LD_LIBRARY_PATH"] ?? ""].filter((one) => one !== "").join(delimiter);
  return startProcess({
    command: program,
    args: [
      "--port",
      `${port}`,
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      folder,
      ...settings,
    ],
    url: `redis://127.0.0.1:${port}`,
    folder,
    // It has nothing to save.
    stopSignal: "KILL",
    env: program.includes(".services") ? { LD_LIBRARY_PATH: path } : {},
  });
}

async function findProgram(): Promise<string> {
  if (process.platform === "win32") throw new ServiceMissing("on Windows the tests start no servers of their own");
  try {
    return (await promisify(execFile)("bash", [script])).stdout.trim();
  } catch (error) {
    const said = String((error as { readonly stderr?: unknown }).stderr ?? error);
    throw new ServiceMissing(said.trim().split("\n").at(-1) ?? "no redis-server");
  }
}
