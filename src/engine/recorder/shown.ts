/*
 * DESIGN. Parameters and inputs as the history holds them: small values whole, so that a run can be run again; what is
 * secret by its name, too large, or cannot be written is left out, and it says why. Looking costs little, whatever is
 * looked at: the walk stops where the limit is passed.
 */
import type { Shown } from "../../history/run-store.ts";
import { formatBytes } from "../../kernel/format-bytes.ts";

/** Writes one value as text that can be read back. @throws where it cannot be written */
export type Write = (value: unknown) => string;

/** What may be shown. */
export interface Limits {
  /** Bytes of all values of a run together. */
  readonly bytes: number;
  /** Parts of names, in lower case. */
  readonly secrets: readonly string[];
}

const nothing: Shown = { json: "{}" };

/** The values of a run, within limits. */
export function show(values: Readonly<Record<string, unknown>>, { bytes, secrets }: Limits, write: Write): Shown {
  const parts: string[] = [];
  let left: Record<string, string> | undefined;
  let room = bytes;
  for (const name in values) {
    const shown = isSecret(name, secrets) ? undefined : showOne(values[name], room, secrets, write);
    if (shown && "text" in shown) {
      parts.push(`${JSON.stringify(name)}:${shown.text}`);
      room -= shown.text.length;
    } else {
      (left ??= {})[name] = shown ? shown.why : "secret";
    }
  }
  if (parts.length === 0 && !left) return nothing;
  return { json: `{${parts.join(",")}}`, left };
}

function showOne(
  value: unknown,
  room: number,
  secrets: readonly string[],
  write: Write,
): { readonly text: string } | { readonly why: string } {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null) {
    if (typeof value === "string" && value.length > room) return { why: formatBytes(value.length) };
    if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0)))
      return { text: JSON.stringify(value) };
  }
  const survey = new Survey(room, secrets);
  survey.visit(value, 0);
  if (survey.hasSecret) return { why: "secret" };
  if (survey.room < 0) return { why: sizeOf(value, room) };
  try {
    const text = write(value);
    return text.length <= room ? { text } : { why: formatBytes(text.length) };
  } catch {
    return { why: "not serializable" };
  }
}

function sizeOf(value: unknown, room: number): string {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return formatBytes(value.byteLength);
  return `more than ${formatBytes(room)}, or bytes`;
}

/** The parts of names that a setting lists. */
export function secretsOf(redact: string): readonly string[] {
  return redact.split(",").flatMap((part) => part.trim().toLowerCase() || []);
}

/** Whether a value of this name is not to be shown. */
export function isSecret(name: string, secrets: readonly string[]): boolean {
  const lower = name.toLowerCase();
  return secrets.some((part) => lower.includes(part));
}

/** Whether there is a value of a secret name anywhere in it. What is too deep or too large to be gone through counts as if there were. */
export function holdsSecret(value: unknown, secrets: readonly string[]): boolean {
  const survey = new Survey(mostParts, secrets, true);
  survey.visit(value, 0);
  return survey.hasSecret || survey.room < 0;
}

const deepest = 100;
const mostParts = 2_000_000;

/** About how much there is to write, and whether there is something secret in it. */
class Survey {
  room: number;
  hasSecret = false;
  readonly #secrets: readonly string[];
  readonly #ofSecretsOnly: boolean;

  /** @param ofSecretsOnly whether texts and bytes may have any length: only parts are counted */
  constructor(room: number, secrets: readonly string[], ofSecretsOnly = false) {
    this.room = room;
    this.#secrets = secrets;
    this.#ofSecretsOnly = ofSecretsOnly;
  }

  visit(value: unknown, depth: number): void {
    this.room -= 2;
    if (this.#isOver) return;
    if (typeof value === "string") this.#weigh(value.length);
    if (typeof value !== "object" || value === null) return;
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) this.#weigh(Number.POSITIVE_INFINITY);
    else if (depth > deepest) this.room = -1;
    else if (value instanceof Map) for (const [name, each] of value) this.#member(name, each, depth);
    else if (Array.isArray(value) || value instanceof Set)
      for (const each of value) this.#member(undefined, each, depth);
    else for (const name of Object.keys(value)) this.#member(name, (value as Record<string, unknown>)[name], depth);
  }

  #member(name: unknown, value: unknown, depth: number): void {
    if (this.#isOver) return;
    if (typeof name === "string") {
      this.#weigh(name.length);
      if (isSecret(name, this.#secrets)) this.hasSecret = true;
    } else if (name !== undefined) {
      this.visit(name, depth + 1);
    }
    this.visit(value, depth + 1);
  }

  #weigh(length: number): void {
    if (!this.#ofSecretsOnly) this.room -= length;
  }

  get #isOver(): boolean {
    return this.room < 0 || this.hasSecret;
  }
}
