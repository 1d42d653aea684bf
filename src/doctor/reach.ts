import { connect } from "node:net";
import { codeOf } from "../io/disk-failure.ts";
import type { Clock } from "../kernel/clock.ts";

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const ports: Readonly<Record<string, number>> = {
  "http:": 80,
  "https:": 443,
  "postgres:": 5432,
  "postgresql:": 5432,
  "redis:": 6379,
  "rediss:": 6379,
};

/** The host and port that a URL names; `undefined` where it names none that can be reached so. */
export function addressOf(url: string): Address | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const usual = ports[protocol];
  // A host of PostgreSQL may be the folder of a socket.
  if (usual === undefined || hostname === "" || decodeURIComponent(hostname).startsWith("/")) return undefined;
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? usual : Number(port) };
}

/**
 * Whether somebody listens there.
 *
 * @returns why not: `ECONNREFUSED`; `undefined` where a connection could be made
 */
export function whyUnreachable({ host, port }: Address, clock: Clock, timeoutMs = 5000): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (why: string | undefined): void => {
      cancel();
      socket.destroy();
      resolve(why);
    };
    const cancel = clock.schedule(timeoutMs, () => end(`no answer within ${timeoutMs / 1000} s`));
    socket.once("connect", () => end(undefined));
    socket.once("error", (error) => end(codeOf(error) ?? error.message));
  });
}
