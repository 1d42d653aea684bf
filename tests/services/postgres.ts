import { execFile } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";
import { postgresPrograms } from "./postgres-programs.ts";
import { type Server, startProcess } from "./server-process.ts";

/** PostgreSQL refuses to run as root; this one has the right to nothing, and needs none. */
const nobody = 65534;

const settings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  // What these guard against is a loss of power or a crash of the server's machine. Tests kill clients; a server that is
  // killed leaves all that it has written to the operating system.
  fsync: "off",
  full_page_writes: "off",
};

/**
 * Starts a PostgreSQL of one's own on a free port of the loopback: database and user `postgres`, no password.
 *
 * @throws {ServiceMissing} where there is none
 */
export async function startPostgres(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "oxbow-postgres-"));
  try {
    const user = process.getuid?.() === 0 ? nobody : undefined;
    if (user !== undefined) chownSync(folder, user, user);
    const { initdb, postgres } = postgresPrograms(folder, user);
    const data = join(folder, "data");
    const identity = user === undefined ? {} : { uid: user, gid: user };
    const setUp = ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"];
    const [port] = await Promise.all([freePort(), promisify(execFile)(initdb, setUp, { cwd: folder, ...identity })]);
    return await startProcess({
      command: postgres,
      args: [
        "-D",
        data,
        "-p",
        `${port}`,
        ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      folder,
      // "Immediate": it ends its own processes at once, and gives its shared memory back.
      stopSignal: "QUIT",
      user,
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
