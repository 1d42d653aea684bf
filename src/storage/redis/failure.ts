import { messageOf, OxbowError, StorageError } from "../../kernel/errors.ts";

const cluster =
  "Redis Cluster is not supported: take one server, with replicas and Sentinel where it has to be highly available";
const rights = "see that user and password are right";

/** By the word that begins what the server says. */
const advice: Readonly<Record<string, string>> = {
  OOM: "the memory of the server is full (maxmemory): give it more, let it evict (maxmemory-policy), or let records expire",
  READONLY: "the server is a replica: connect to the primary one",
  NOAUTH: rights,
  WRONGPASS: rights,
  NOPERM: "give the user of the server its rights: the commands of strings and scripts, and the keys under the prefix",
  LOADING: "the server is still reading its data from disk: try again in a moment",
  MASTERDOWN: "the server is a replica that has lost its primary one: connect to that",
  MISCONF: "the server cannot write its data to disk, and takes no writes until it can: see its log",
  NOREPLICAS: "the server takes no writes while so few replicas are connected (min-replicas-to-write)",
  BUSY: "a script of somebody else runs on the server for too long: SCRIPT KILL ends it",
  WRONGTYPE: "something else is under this name: name another `prefix`",
  CROSSSLOT: cluster,
  MOVED: cluster,
  ASK: cluster,
  CLUSTERDOWN: cluster,
};
const unreachable = "see that the server runs and that host and port are right";

/**
 * What a caller gets to see: the place, what failed, and what to do. Errors of Oxbow's own pass through.
 *
 * @param action as in "Cannot <action> redis://…"
 */
export function redisFailure(action: string, where: string, cause: unknown): OxbowError {
  if (cause instanceof OxbowError) return cause;
  const message = messageOf(cause);
  const hint = advice[wordOf(message)] ?? hintFor(message);
  return new StorageError(`Cannot ${action} ${where}: ${message}`, {
    // Clients add to their errors the command with all that was sent: a password, a value of any length.
    cause: new Error(message),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Whether the server does not know PXAT: one before 6.2. */
export function isSyntaxError(error: unknown): boolean {
  return messageOf(error).startsWith("ERR syntax error");
}

/** Before version 7 the word is in the middle of what is said of a script. */
function wordOf(message: string): string {
  const [word = ""] = /^[A-Z]+/.exec(message) ?? [];
  return word === "ERR" ? (/ -([A-Z]{3,}) /.exec(message)?.[1] ?? word) : word;
}

function hintFor(message: string): string | undefined {
  if (/invalid password|without any password configured|username-password/.test(message)) return rights;
  if (/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENOENT/.test(message)) return unreachable;
  return /has not answered within/.test(message)
    ? "look at the load of the server and the way to it, and whether it is still reading its data from disk; `timeout` says how long to wait"
    : undefined;
}
