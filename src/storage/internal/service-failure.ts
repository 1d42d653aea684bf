import { formatMs } from "../../kernel/duration.ts";
import { messageOf, OxbowError, StorageError } from "../../kernel/errors.ts";

/** What is known of a failure, beside its text. */
export interface FailureFacts {
  /** The status of HTTP, where there was an answer. */
  readonly status?: number | undefined;
  /** What the service calls it, or the system: `BlobNotFound`, `ECONNRESET`. */
  readonly code?: string | undefined;
  /** Whether the same request may succeed when it is made again. */
  readonly mayRepeat?: boolean;
  /** How long the service wants to be left alone before, in milliseconds. */
  readonly afterMs?: number | undefined;
}

/** What a service has answered, or the way to it, in plain words. It holds no request, so no credentials. */
export class ServiceFailure extends Error {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly mayRepeat: boolean;
  readonly afterMs: number;

  constructor(text: string, { status, code, mayRepeat = false, afterMs = 0 }: FailureFacts = {}) {
    super(text);
    this.name = "ServiceFailure";
    this.status = status;
    this.code = code;
    this.mayRepeat = mayRepeat;
    this.afterMs = afterMs;
  }
}

/** The time limit is over. */
export class Overdue extends ServiceFailure {
  constructor(timeoutMs: number) {
    super(`no answer within ${formatMs(timeoutMs)}`, { code: "ETIMEDOUT" });
  }
}

/** Statuses of a service that is busy, or not well at the moment. */
const passing = new Set([408, 429, 500, 502, 503, 504]);

/** Whether an answer with this status may be another one in a moment. */
export function isPassing(status: number | undefined): boolean {
  return status !== undefined && passing.has(status);
}

const unlikelyToPass = /^(ENOTFOUND|ERR_INVALID_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/;

/** In the words of those that break off without a code. */
const brokenOff = /abort|terminated|premature|hang up|less data/i;

/** What a connection that could not be made, or broke, has thrown. */
export function brokenConnection(error: unknown, hide: (text: string) => string): ServiceFailure {
  if (error instanceof ServiceFailure) return error;
  const source = rootOf(error);
  const code = codeOf(source);
  const text = messageOf(source);
  const mayRepeat = code === undefined ? brokenOff.test(text) : !unlikelyToPass.test(code);
  return new ServiceFailure(hide(text) || "the connection broke", { code, mayRepeat });
}

/** `fetch failed` says nothing, its cause does; so does the first of several addresses that were tried. */
function rootOf(error: unknown): unknown {
  const { cause, errors } = (error ?? {}) as { readonly cause?: unknown; readonly errors?: readonly unknown[] };
  if (Array.isArray(errors) && errors.length > 0) return rootOf(errors[0]);
  return cause instanceof Error ? rootOf(cause) : error;
}

/** `ECONNRESET`, `BlobNotFound`: the code of anything that was thrown. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}

/** `retry-after: 3`, in milliseconds. */
export function retryAfterMs(header: string | null | undefined): number | undefined {
  return header && /^\d+$/.test(header) ? Number(header) * 1000 : undefined;
}

/** What a service advises for a failure. */
export type Advice = (failure: ServiceFailure) => string | undefined;

/** What a caller gets to see: what failed, where, what the service says, and what to do. Errors of Oxbow's own pass through. */
export function storageFailure(action: string, where: string, error: unknown, advise: Advice): OxbowError {
  if (error instanceof OxbowError) return error;
  const failure = error instanceof ServiceFailure ? error : new ServiceFailure(messageOf(error));
  const facts = [failure.status, failure.code].filter((fact) => fact !== undefined).join(" ");
  const hint = advise(failure) ?? usualAdvice(failure);
  return new StorageError(`Cannot ${action} ${where}: ${failure.message}${facts === "" ? "" : ` (${facts})`}`, {
    cause: failure,
    ...(hint === undefined ? {} : { hint }),
  });
}

function usualAdvice({ status, code = "" }: ServiceFailure): string | undefined {
  if (code === "ETIMEDOUT") return "look at the network and the load of the service, or raise `timeout`";
  if (status === 429 || status === 503) return "the service is busy: use it less at once, or raise `retries`";
  if (isPassing(status)) return "the service is not well: look at its status page, or raise `retries`";
  if (/^(ECONN|ENOTFOUND|EAI_AGAIN|EHOST|ENET|EPIPE|UND_ERR)/.test(code))
    return "see that the service runs, and that it can be reached from here";
  return undefined;
}

const signs =
  /((?:^|[?&\s"'])(?:sig|signature|x-goog-signature|upload_id)=)[^&\s"'<>]+|(\b(?:bearer|sharedkey)\s+)\S+/gi;

/** Makes texts fit for people: one line, and nothing secret in it. */
export function hiding(secrets: ReadonlyArray<string | undefined>): (text: string) => string {
  const known = secrets.filter((one) => one !== undefined && one.length > 3) as string[];
  return (text) => {
    let shown = text.split("\n", 1)[0]!.trim();
    for (const secret of known) shown = shown.replaceAll(secret, "***");
    return shown.replace(signs, (_, first?: string, second?: string) => `${first ?? second ?? ""}***`);
  };
}
