import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort } from "./free-port.ts";
import { type Server, ServiceMissing, startProcess } from "./server-process.ts";

/** The account that every Azurite has. Its key is in the documentation, so it is no secret. */
export const azuriteAccount = {
  accountName: "devstoreaccount1",
  accountKey: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
};

/**
 * Starts an Azurite of one's own on the loopback: Azure Blob Storage as Microsoft rebuilt it for tests, all in memory. There are no
 * containers in it.
 *
 * @param port where it listens. @default a free one
 * @throws {ServiceMissing} where there is none
 */
export async function startAzurite(port?: number): Promise<Server> {
  const program = findProgram();
  port ??= await freePort();
  const folder = mkdtempSync(join(tmpdir(), "oxbow-azurite-"));
  const settings = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"];
  return startProcess({
    command: process.execPath,
    args: [program, "--blobHost", "127.0.0.1", "--blobPort", `${port}`, ...settings],
    url: `http://127.0.0.1:${port}/${azuriteAccount.accountName}`,
    folder,
    // It has nothing to save.
    stopSignal: "KILL",
    readyWhen: /successfully listens/,
  });
}

function findProgram(): string {
  try {
    const root = dirname(createRequire(import.meta.url).resolve("azurite/package.json"));
    return join(root, "dist", "src", "blob", "main.js");
  } catch {
    throw new ServiceMissing("the package azurite is not installed");
  }
}
