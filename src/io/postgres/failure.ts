import { OxbowError, StorageError } from "../../kernel/errors.ts";

/** What is known of an error of the package `pg`. */
interface PgError {
  /** SQLSTATE where the server has answered (five characters), else that of the system. */
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly message?: unknown;
}

const reach = "see that the server runs and that host and port are right";
const advice: Readonly<Record<string, string>> = {
  ECONNREFUSED: reach,
  ENOTFOUND: reach,
  EHOSTUNREACH: reach,
  ENOENT: reach,
  "28P01": "see that user and password are right",
  "28000": "see that user and password are right, and what pg_hba.conf says of them",
  "3D000": "make the database first: createdb, or CREATE DATABASE",
  "42P07":
    "a table of that name is there already, of another program or copied without oxbow_versions: name another schema by the option `schema`",
  "42501":
    "give the role its rights: CREATE on the database, or a schema that it owns (CREATE SCHEMA … AUTHORIZATION …) named by the option `schema`",
  "25006": "the server takes no writes: connect to the primary one",
  "53100": "the disk of the server is full: free some space there",
  "53300": "the server has no connections left: lower `max`, share one pool, or put a pooler in between",
  "57014":
    "statement_timeout of the server or the role has ended it: raise it, or look for what holds the tables locked",
};

/** Whether the server has said it, rather than the way to it: the connection can be used again. */
export function isAnswer(error: unknown): boolean {
  const { code, severity } = (error ?? {}) as PgError;
  return typeof code === "string" && code.length === 5 && severity === "ERROR";
}

/** The SQLSTATE that the server has answered with, or the code of the system. */
export function pgCode(error: unknown): string | undefined {
  const { code } = (error ?? {}) as PgError;
  return typeof code === "string" ? code : undefined;
}

/** Whether the table or its schema is not there. */
export function isMissing(error: unknown): boolean {
  const code = pgCode(error);
  return code === "42P01" || code === "3F000";
}

// Two that met others, and two of a connection that was ended on purpose: what it was doing is rolled back.
const undoneCodes = new Set(["40001", "40P01", "57P01", "57P05"]);

/** Whether the server has said that nothing came of the statement, for no fault of its own: it may be said again. */
export function isUndone(error: unknown): boolean {
  return undoneCodes.has(pgCode(error) ?? "");
}

const brokenCodes = new Set(["ECONNRESET", "EPIPE", "57P02", "57P03"]);
const brokenMessage = /^Connection terminated|is not queryable$/;

/** Whether the connection has ended: nobody can tell whether the statement has been carried out. */
export function isBroken(error: unknown): boolean {
  if (isTimeout(error)) return false;
  const code = pgCode(error) ?? "";
  return brokenCodes.has(code) || /^08...$/.test(code) || brokenMessage.test(textOf(error));
}

const timeoutMessage =
  /timeout exceeded when trying to connect|due to connection timeout|^timeout expired|^Query read timeout/;

/** Whether the time for it was over. */
export function isTimeout(error: unknown): boolean {
  return timeoutMessage.test(textOf(error)) || pgCode(error) === "ETIMEDOUT";
}

/** The error of a time-out of ours. */
export function timeoutError(): Error {
  return new Error("timeout exceeded when trying to connect");
}

/** What a caller gets to see: the place, what failed, and what to do. Errors of Oxbow's own pass through. */
export function postgresFailure(action: string, where: string, cause: unknown): OxbowError {
  if (cause instanceof OxbowError) return cause;
  const hint = isTimeout(cause)
    ? "the server does not answer in time: look at its load, its locks and the way to it"
    : advice[pgCode(cause) ?? ""];
  return new StorageError(`Cannot ${action} ${where}: ${textOf(cause)}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Connecting to a host with several addresses fails with an error per address, and no message of its own. */
function textOf(error: unknown): string {
  const { message, code } = (error ?? {}) as PgError;
  if (typeof message === "string" && message !== "") return message.split("\n", 1)[0]!;
  return typeof code === "string" ? `connect ${code}` : String(error);
}
