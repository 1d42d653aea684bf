/*
 * Every error that Oxbow itself throws. A user's own failure is a state, not one of these.
 *
 *   OxbowError
 *   ├─ ConfigurationError   an option, policy or setting that cannot mean anything
 *   ├─ HashError            a value that cannot be part of a cache key
 *   ├─ SerializationError   a value that a serializer cannot write, or bytes that it cannot read
 *   ├─ StorageError         a storage that cannot be reached, read or written
 *   ├─ RecordError          a stored record that cannot be used: damaged, truncated, too new
 *   ├─ CachingError         the cache failed and `caching.strict` is on
 *   ├─ ValidationError      inputs, parameters or an output that their schema refuses
 *   ├─ MissingResultError   the result of a state was asked for and there is none
 *   ├─ TimeoutError         a run took longer than its `timeout`
 *   ├─ SuspendedError       a run waits for somebody to resume it
 *   ├─ HistoryError         a run that the history does not have, or that cannot go on
 *   ├─ CancelledError       a run was cancelled: by `cancel()`, by a signal, by its parent
 *   ├─ LockError            a lock that cannot be had, was lost, or whose medium fails
 *   ├─ TransactionError     a transaction was asked for something that it cannot give
 *   ├─ TransactionCommitError   a transaction could not be committed, and was rolled back
 *   └─ UpstreamError        a run never started, because a future that it needs failed
 */

/** Every code, with what it says in one line. The errors page of the documentation is tested against it. */
export const errorCodes = {
  OXBOW_CACHING_FAILED: "The cache failed and caching.strict is on",
  OXBOW_CANCELLED: "The run was cancelled",
  OXBOW_COMMIT_FAILED: "A transaction could not be committed and was rolled back",
  OXBOW_DRIVER_MISSING: "A driver needs a package that is not installed, or a newer Node",
  OXBOW_DURATION_INVALID: 'A duration is not of the form "30s", "1 day" or { hours: 2 }',
  OXBOW_KEY_INVALID: "A cache key function returned something that cannot be a key",
  OXBOW_LOCKS_MISSING: "SERIALIZABLE or `ifAbsent` was asked for where no lock manager can be had",
  OXBOW_LOCK_DEADLOCK: "Two transactions of this process wait for each other's locks",
  OXBOW_LOCK_FAILED: "A lock manager cannot be reached or does not answer as it should",
  OXBOW_LOCK_LOST: "A lock was taken over by another holder, so its old holder may not write",
  OXBOW_LOCK_TIMED_OUT: "A lock was not to be had within the time that was given",
  OXBOW_OPTION_INVALID: "An option has a value that it cannot have",
  OXBOW_OPTION_UNKNOWN: "An option has a name that does not exist",
  OXBOW_POLICY_CONFLICT: "Two cache policies were joined whose configurations contradict each other",
  OXBOW_RECORD_DAMAGED: "A stored record is damaged, truncated or belongs to another key",
  OXBOW_RECORD_TOO_NEW: "A stored record has a format version that this release does not know",
  OXBOW_RESULT_MISSING: "The result of a state was asked for and there is none",
  OXBOW_RESULT_UNREADABLE: "Stored bytes cannot be turned back into a value",
  OXBOW_RESULT_UNSERIALIZABLE: "A result holds something that its serializer cannot write",
  OXBOW_RUN_NOT_FOUND: "The run history has no run of that id or name",
  OXBOW_RUN_NOT_RESUMABLE: "A run is not in a state from which it can go on",
  OXBOW_SETTING_INVALID: "A setting has a value that it cannot have",
  OXBOW_SETTING_UNKNOWN: "A setting has a name that does not exist",
  OXBOW_STORAGE_FAILED: "A storage cannot be reached, read or written",
  OXBOW_SUSPENDED: "The run waits for somebody to resume it",
  OXBOW_TIMED_OUT: "The run took longer than its timeout",
  OXBOW_TRANSACTION_ENDED: "A transaction that has ended was told to stage a value or to commit",
  OXBOW_TRANSACTION_VALUE_INVALID: "A value of a transaction cannot be copied",
  OXBOW_TRANSACTION_VALUE_MISSING: "A value was asked for that no transaction has",
  OXBOW_UPSTREAM_FAILED: "A future that the run depends on did not complete",
  OXBOW_VALIDATION_FAILED: "Inputs, parameters or an output were refused by their schema",
  OXBOW_VALUE_UNHASHABLE: "A value cannot be part of a cache key",
} as const;

/** What kind of error it is, for programs: `OXBOW_OPTION_UNKNOWN`. The errors page lists them all. */
export type ErrorCode = keyof typeof errorCodes;

/** What an {@link OxbowError} may carry beside its message. */
export interface OxbowErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** What the reader can do about it; becomes the second line of the message. */
  readonly hint?: string;
}

/** The common ancestor: catch it to tell Oxbow's own errors from those of your functions. */
export class OxbowError extends Error {
  readonly code: ErrorCode;
  /** What the reader can do about it. Not a field of its own where there is nothing, so that nobody reads `undefined`. */
  declare readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: OxbowErrorOptions = {}) {
    super(
      options.hint ? `${message}\n  hint: ${options.hint}` : message,
      "cause" in options ? { cause: options.cause } : {},
    );
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
    this.name = new.target.name;
  }
}

/** An option, a policy or a setting that cannot mean anything; thrown where it is written, not where it is used. */
export class ConfigurationError extends OxbowError {}

/** A value that cannot be part of a cache key. */
export class HashError extends OxbowError {
  /** Where the value sits, for example `args.client.socket`. */
  readonly path: string;
  /** What it is, for example `function` or `Socket`. */
  readonly valueType: string;

  constructor(path: string, valueType: string, message: string, options: OxbowErrorOptions = {}) {
    super("OXBOW_VALUE_UNHASHABLE", message, options);
    this.path = path;
    this.valueType = valueType;
  }
}

/** A value that a serializer cannot write, or bytes that it cannot read. */
export class SerializationError extends OxbowError {
  /** Where the value sits, for example `result.rows[3].client`; empty when reading. */
  readonly path: string;

  constructor(
    code: "OXBOW_RESULT_UNSERIALIZABLE" | "OXBOW_RESULT_UNREADABLE",
    path: string,
    message: string,
    options: OxbowErrorOptions = {},
  ) {
    super(code, message, options);
    this.path = path;
  }
}

/** A storage that cannot be reached, read or written. */
export class StorageError extends OxbowError {
  constructor(message: string, options: OxbowErrorOptions = {}) {
    super("OXBOW_STORAGE_FAILED", message, options);
  }
}

/** A stored record that cannot be used. A lookup turns it into a miss that says so. */
export class RecordError extends OxbowError {
  constructor(code: "OXBOW_RECORD_DAMAGED" | "OXBOW_RECORD_TOO_NEW", message: string, options: OxbowErrorOptions = {}) {
    super(code, message, options);
  }
}

/** The cache failed and the setting `caching.strict` makes that fatal. */
export class CachingError extends OxbowError {
  constructor(message: string, options: OxbowErrorOptions = {}) {
    super("OXBOW_CACHING_FAILED", message, options);
  }
}

/** Inputs, parameters or an output that their Standard Schema refuses. */
export class ValidationError extends OxbowError {
  /** What the schema said, one line per issue, each led by its path. */
  readonly issues: readonly string[];

  constructor(message: string, issues: readonly string[]) {
    super("OXBOW_VALIDATION_FAILED", message);
    this.issues = issues;
  }
}

/** The result of a state was asked for and there is none: the run is not finished, or its value was not kept. */
export class MissingResultError extends OxbowError {
  constructor(message: string, options: OxbowErrorOptions = {}) {
    super("OXBOW_RESULT_MISSING", message, options);
  }
}

/** A run took longer than its `timeout`. Its `signal` is aborted with this error. */
export class TimeoutError extends OxbowError {
  constructor(message: string) {
    super("OXBOW_TIMED_OUT", message);
  }
}

/** A run was cancelled. Its `signal` is aborted with this error. */
export class CancelledError extends OxbowError {
  constructor(message: string, options: OxbowErrorOptions = {}) {
    super("OXBOW_CANCELLED", message, options);
  }
}

/** A run waits for somebody to resume it: `oxbow flow-run resume`. */
export class SuspendedError extends OxbowError {
  /** What is asked, for people. */
  readonly question: string;

  constructor(message: string, question: string) {
    super("OXBOW_SUSPENDED", message);
    this.question = question;
  }
}

/** A run that the history does not have, or that cannot go on: see the code. */
export class HistoryError extends OxbowError {
  constructor(
    code: "OXBOW_RUN_NOT_FOUND" | "OXBOW_RUN_NOT_RESUMABLE",
    message: string,
    options: OxbowErrorOptions = {},
  ) {
    super(code, message, options);
  }
}

/** A lock that cannot be had, was lost, or whose medium fails: see the code. */
export class LockError extends OxbowError {
  /** The key that was to be locked; `undefined` where the whole lock manager fails. */
  readonly key: string | undefined;

  constructor(
    code: "OXBOW_LOCK_DEADLOCK" | "OXBOW_LOCK_FAILED" | "OXBOW_LOCK_LOST" | "OXBOW_LOCK_TIMED_OUT",
    key: string | undefined,
    message: string,
    options: OxbowErrorOptions = {},
  ) {
    super(code, message, options);
    this.key = key;
  }
}

/** A transaction was asked for something that it cannot give: see the code. */
export class TransactionError extends OxbowError {
  constructor(
    code: "OXBOW_TRANSACTION_ENDED" | "OXBOW_TRANSACTION_VALUE_INVALID" | "OXBOW_TRANSACTION_VALUE_MISSING",
    message: string,
    options: OxbowErrorOptions = {},
  ) {
    super(code, message, options);
  }
}

/** A transaction could not be committed. It was rolled back: none of its records is there. */
export class TransactionCommitError extends OxbowError {
  /** Everything that went wrong, in order: what stopped the commit first, then what went wrong in undoing it. */
  readonly errors: readonly unknown[];

  constructor(message: string, errors: readonly unknown[], options: OxbowErrorOptions = {}) {
    super("OXBOW_COMMIT_FAILED", message, { cause: errors[0], ...options });
    this.errors = errors;
  }
}

/** A run never started, because a future among its arguments or its `waitFor` did not complete. */
export class UpstreamError extends OxbowError {
  constructor(message: string, options: OxbowErrorOptions = {}) {
    super("OXBOW_UPSTREAM_FAILED", message, options);
  }
}

/** The message of anything that was thrown, in one line. Never throws, whatever it is given. */
export function messageOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return typeof error === "string" ? error : String(error);
    const message: unknown = error.message;
    const text = typeof message === "string" ? message : String(message);
    return text === "" ? String(error.name) : text.split("\n", 1)[0]!;
  } catch {
    return "a value that cannot be shown";
  }
}

/** `TypeError: x is not a function`: the name and the message of anything that was thrown, in one line. Never throws. */
export function describeError(error: unknown): string {
  const message = messageOf(error);
  try {
    return error instanceof Error && message !== error.name ? `${error.name}: ${message}` : message;
  } catch {
    return message;
  }
}

/** What a reader can do about an error, where it says so. */
export function hintOf(error: unknown): string | undefined {
  return error instanceof OxbowError ? error.hint : undefined;
}
