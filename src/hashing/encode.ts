import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import { HashError } from "../kernel/errors.ts";
import { Refusal } from "../kernel/refusal.ts";
import { type Content, KeyWalk, type Unread } from "./key-walk.ts";
import { sha256 } from "./sha256.ts";

/*
 * DESIGN. The text of a value is such that equal values give equal texts, in every process and on every machine,
 * and different values different ones. The mechanism is that of kernel/tagged-json.ts; which values are equal:
 *
 * - The order of object keys, of Map entries and of Set items does not matter; that of array items does.
 * - -0 is 0; nothing else is taken for something else: 1, "1" and 1n; null, undefined, a missing field and a hole;
 *   an array and a Set; {} and a Map; a Date and its text; a Buffer and a Uint8Array.
 * - Of a class instance the class's name and the own enumerable fields count, or what the class chose (its method
 *   [Symbol.for("oxbow.cacheKey")], a stabilizer, toJSON). Keys that are symbols do not count in plain data.
 * - A shared reference is as good as a copy. A cycle is written as the number of levels to go up.
 * - What cannot be compared is refused, never left out.
 */

/** Changes whenever the texts or digests of values change, so that no old record is found by mistake. */
export const keyFormatVersion = 1;

/**
 * The canonical text of a value: equal for equal values, different for different ones.
 *
 * @param value anything
 * @param path what the value is called in errors, for example `args`
 * @returns the text; a promise only where the content of a Blob, a File or a `fileInput(…, { by: "content" })` has to be read
 * @throws {HashError} `OXBOW_VALUE_UNHASHABLE` with the path of the part that cannot be hashed; through the promise where there is one
 */
export function encode(value: unknown, path: string): Awaitable<string> {
  // Most inputs are one word or one number: those need no walk. JSON writes -0 as 0, as it should.
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "boolean" || value === null || Number.isFinite(value)) return String(value);
  const walk = new KeyWalk(undefined);
  const text = textOf(walk, value, path);
  return walk.unread === undefined ? text : encodeRead(value, path, walk.unread);
}

/** SHA-256 of a text, in 64 hexadecimal digits. The text has no lone surrogates; those of {@link encode} have none. */
export function hashText(text: string): string {
  return sha256(text);
}

/**
 * The digest of a value under the present {@link keyFormatVersion}.
 *
 * @throws {HashError} as {@link encode} does
 */
export function digestOf(value: unknown, path = "value"): Awaitable<string> {
  return andThen(encode(value, path), (text) => sha256(`${keyFormatVersion}:${text}`));
}

async function encodeRead(value: unknown, path: string, first: readonly Unread[]): Promise<string> {
  const contents = new Map<object, Content>();
  for (let unread = first; ; ) {
    for (const { part, read } of unread) contents.set(part, await read().catch((failure: unknown) => ({ failure })));
    // Unordered collections can only be put in order once all is known: the walk is done again.
    const walk = new KeyWalk(contents);
    const text = textOf(walk, value, path);
    if (walk.unread === undefined) return text;
    unread = walk.unread;
  }
}

function textOf(walk: KeyWalk, value: unknown, path: string): string {
  try {
    return JSON.stringify(walk.tree(value));
  } catch (error) {
    throw hashErrorOf(Refusal.of(error), path);
  }
}

function hashErrorOf(refusal: Refusal, root: string): HashError {
  const path = refusal.path(root);
  const options = { hint: hintOf(path, refusal), ...("cause" in refusal ? { cause: refusal.cause } : {}) };
  return new HashError(
    path,
    refusal.valueType,
    `Cannot hash ${path === "" ? "the value" : path}: ${refusal.message}`,
    options,
  );
}

function hintOf(path: string, { valueType, ofClass }: Refusal): string {
  const input = /^[^.[]+\.([A-Za-z_$][\w$]*)/.exec(path)?.[1];
  return [
    input === undefined ? "" : `leave it out with .omit("${input}"), `,
    ofClass
      ? `say what counts with registerStabilizer(${valueType}, …) or a method [Symbol.for("oxbow.cacheKey")](), `
      : "",
    "or make the key with cacheKeyFn",
  ]
    .join("")
    .replace(/^or /, "");
}
