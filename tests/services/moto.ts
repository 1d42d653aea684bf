import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";
import { type Server, ServiceMissing, startProcess } from "./server-process.ts";

/**
 * Starts a moto of one's own on the loopback: an S3 in Python, by others, all in memory. There are no buckets in it.
 *
 * @returns with a URL as {@link s3Of} reads it
 * @throws {ServiceMissing} where there is none on PATH
 */
export async function startMoto(): Promise<Server> {
  await promisify(execFile)("moto_server", ["--help"]).catch(() => {
    throw new ServiceMissing("there is no moto_server on PATH (pip install 'moto[server,s3]')");
  });
  const port = await freePort();
  return startProcess({
    command: "moto_server",
    args: ["-H", "127.0.0.1", "-p", `${port}`],
    url: `http://test:test@127.0.0.1:${port}/oxbow-tests`,
    folder: mkdtempSync(join(tmpdir(), "oxbow-moto-")),
    // It has nothing to save.
    stopSignal: "KILL",
    readyWhen: /Running on http/,
  });
}

/** A bucket of a server, and who may use it. */
export interface S3Place {
  readonly bucket: string;
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What a URL names: `http://KEY:SECRET@host:port/bucket?region=us-east-1`. */
export function s3Of(url: string): S3Place {
  const { protocol, host, pathname, username, password, searchParams } = new URL(url);
  return {
    bucket: pathname.slice(1),
    endpoint: `${protocol}//${host}`,
    region: searchParams.get("region") ?? "us-east-1",
    credentials: { accessKeyId: decodeURIComponent(username), secretAccessKey: decodeURIComponent(password) },
  };
}
