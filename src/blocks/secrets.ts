import { ConfigurationError } from "../kernel/errors.ts";
import type { BlocksKey } from "./key.ts";

/*
 * DESIGN: the secrets of a configuration, apart from the rest.
 *
 * What it does: takes every secret out of the arguments and encrypts it by itself (AES-256-GCM, a fresh nonce of 96 bits each; NIST SP
 * 800-38D), bound to its block and its place, so that none can be moved elsewhere. What is nothing but references to the environment
 * ({{ env.NAME }}) is no secret and stays readable.
 * What it promises: neither file nor error nor `inspect` shows a secret.
 */

/** How a secret is shown. */
export const mask = "********";

const onlyReferences = /^\s*(?:\{\{\s*env\.[A-Za-z_][A-Za-z0-9_]*\s*\}\}\s*)+$/;
// Said by nobody to be secret, and easily forgotten.
const urlWithPassword = /^[a-z][a-z0-9+.-]*:\/\/[^/@]*:[^@]*@/i;

/** A secret that was taken out of its place. */
export interface Sealed {
  readonly path: string;
  /** Nonce, ciphertext and tag, in base64. */
  readonly sealed: string;
}

interface Place {
  readonly path: string;
  readonly value: unknown;
}

/** Arguments with `null` in the place of each secret, and the secrets. `args` must be a copy: it is changed. */
export function takeSecrets(args: unknown[], named: readonly string[]): readonly Place[] {
  const taken: Place[] = [];
  for (const path of new Set([...named, ...pathsOfUrls(args)])) {
    const value = at(args, path);
    if (value === undefined || value === null || value === "") continue;
    if (typeof value === "string" && onlyReferences.test(value)) continue;
    taken.push({ path, value });
    setAt(args, path, null);
  }
  return taken;
}

/** Puts something in the places of secrets. `args` is changed. */
export function putSecrets(args: unknown[], places: readonly Place[]): void {
  // Inwards: a secret may be inside an object that is one as a whole.
  for (const { path, value } of places.toReversed()) setAt(args, path, value);
}

/** @param owner whose secret it is: `block:s3/results` */
export function seal({ path, value }: Place, owner: string, key: BlocksKey): Sealed {
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const cipher = nodeCrypto().createCipheriv("aes-256-gcm", key.bytes, nonce).setAAD(boundTo(owner, path));
  const text = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()]);
  return { path, sealed: Buffer.concat([nonce, text, cipher.getAuthTag()]).toString("base64") };
}

/** @throws {ConfigurationError} where the key is another, or the secret was changed; without a cause */
export function unseal({ path, sealed }: Sealed, owner: string, key: BlocksKey): Place {
  try {
    const bytes = Buffer.from(sealed, "base64");
    const decipher = nodeCrypto()
      .createDecipheriv("aes-256-gcm", key.bytes, bytes.subarray(0, 12), { authTagLength: 16 })
      .setAAD(boundTo(owner, path))
      .setAuthTag(bytes.subarray(-16));
    const text = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    return { path, value: JSON.parse(text.toString()) as unknown };
  } catch {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `The secret ${path} of ${owner} cannot be decrypted`, {
      hint: "the file of the block was changed, or belongs to another one: save the block anew",
    });
  }
}

/** Whether a text holds one of the secrets: a message of somebody else that would show it. */
export function shows(text: string, places: readonly Place[]): boolean {
  return places
    .flatMap(({ value }) => strings(value))
    .some((secret) => formsOf(secret).some((form) => text.includes(form)));
}

/** How a secret may stand in a text: as it is, as a part of it, a line of it (the PEM of a key), or escaped. */
function formsOf(secret: string): readonly string[] {
  const password = URL.canParse(secret) ? new URL(secret).password : "";
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= 8);
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    password,
    decoded(password),
    ...lines,
  ];
  return forms.filter((form) => form !== "");
}

const nodeCrypto = (): typeof import("node:crypto") => process.getBuiltinModule("node:crypto");
const boundTo = (owner: string, path: string): Uint8Array => Buffer.from(`oxbow block\n${owner}\n${path}`);

function strings(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function pathsOfUrls(value: unknown, path = ""): readonly string[] {
  if (typeof value === "string") return urlWithPassword.test(value) ? [path] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => pathsOfUrls(each, path === "" ? key : `${path}.${key}`));
}

function at(root: unknown, path: string): unknown {
  let value = root;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function setAt(root: unknown, path: string, value: unknown): void {
  const keys = path.split(".");
  const last = keys.pop()!;
  const owner = keys.length === 0 ? root : at(root, keys.join("."));
  if (typeof owner === "object" && owner !== null) (owner as Record<string, unknown>)[last] = value;
}
