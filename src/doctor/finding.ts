import { describeError, hintOf, messageOf, OxbowError } from "../kernel/errors.ts";

/** One thing that was looked at, and how it is. */
export interface Finding {
  /** The check that found it: `storage`. */
  readonly check: string;
  /** What was looked at: a setting, a folder, a task. */
  readonly subject: string;
  /** `warn`: it works, and does not do what somebody may expect. `fail`: it does not work. */
  readonly status: "pass" | "warn" | "fail";
  /** What was found, in a sentence; without credentials. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** What a check says; the name of the check is added by who runs it. */
export type Found = Omit<Finding, "check">;

export function pass(subject: string, message: string): Found {
  return { subject, status: "pass", message };
}

export function warn(subject: string, message: string, remedy: string): Found {
  return { subject, status: "warn", message, remedy };
}

export function fail(subject: string, message: string, remedy?: string): Found {
  return { subject, status: "fail", message, ...(remedy === undefined ? {} : { remedy }) };
}

/** What was thrown, as a finding: with the hint of the error where it has one. */
export function failure(subject: string, error: unknown, remedy?: string): Found {
  const message = error instanceof OxbowError ? messageOf(error) : describeError(error);
  return fail(subject, message, hintOf(error) ?? remedy);
}

// `//user:password@`, also where the password has characters that it should not have; `password=…` in connection strings. What follows
// the last `@` of a word is the host.
const userInfo = /\/\/[^\s/@]*:\S*@/g;
const assignment =
  /\b((?:pass(?:word|wd)?|pwd|secret|token|api_?key|accountkey|sig)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&;,"'}]+)/gi;

/** A text without the passwords in it that can be told to be some. Messages have none; this is for those of others. */
export function withoutCredentials(text: string): string {
  return text.replace(userInfo, "//********@").replace(assignment, "$1********");
}
