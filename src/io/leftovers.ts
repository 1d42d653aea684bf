import { hostname } from "node:os";
import { isAlive } from "./process-identity.ts";

/*
 * DESIGN: who may clean up after whom.
 *
 * What it does: everything unfinished (a temporary file, a value file whose row is not published) carries the name
 * of its writer: host and process id. The next writer removes what belongs to writers that are gone.
 * What it promises: the work of a living process of this host is left alone for an hour. A process of another host
 * cannot be asked, so an hour is what it gets too; a process id that is in use again is no excuse for ever.
 * What the caller must do: survive that its unfinished file was removed all the same (a clock that jumped, two
 * containers with one host name): notice it when publishing, and write again or fail.
 */

/** No write takes longer; what is older is left over, whoever wrote it. */
const patienceMs = 60 * 60 * 1000;

/** Who wrote something. */
export interface Writer {
  readonly host: string;
  readonly pid: number;
}

/** This process, with nothing in its host name that a file name could not have. */
export const thisWriter: Writer = { host: hostname().replaceAll(/[^A-Za-z0-9-]/g, "_") || "host", pid: process.pid };

// Worker threads have the process id of their process, and a counter of their own.
let ownToken: string | undefined;
const token = (): string => (ownToken ??= crypto.randomUUID().slice(-12));
let counter = 0;

/** A name that no other writer uses, and that tells who made it. */
export function ownedName(): string {
  counter += 1;
  return `${thisWriter.host}.${thisWriter.pid}.${token()}.${counter}`;
}

/** The writer that {@link ownedName} named. */
export function ownerOf(name: string): Writer | undefined {
  const found = /^([A-Za-z0-9_-]+)\.(\d+)\.[0-9a-f]+\.\d+$/.exec(name);
  return found ? { host: found[1]!, pid: Number(found[2]) } : undefined;
}

/** Whether what this writer left unfinished can be removed. */
export function isLeftOver(writer: Writer | undefined, sinceMs: number): boolean {
  if (writer !== undefined && writer.host === thisWriter.host && !isAlive(writer.pid)) return true;
  return Date.now() - sinceMs > patienceMs;
}
