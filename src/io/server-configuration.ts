import { type Configuration, resolveReferences } from "../kernel/configuration.ts";

/** Names of options that hold what nobody else may know. */
const secretNames = new Set(["password", "sentinelPassword", "key", "pfx", "passphrase"]);

/**
 * The {@link Configuration} of what reaches a server: its secrets are passwords and keys, and URLs with a password in them.
 *
 * @param args what its factory was called with
 * @returns `undefined` where something among it is alive: a client, a function
 */
export function serverConfiguration(type: string, args: readonly unknown[]): Configuration | undefined {
  const secrets: string[] = [];
  if (!args.every((each, i) => isPlain(each, `${i}`, secrets))) return undefined;
  return { type, args, secrets };
}

/**
 * A server as its factory was given it, with every `{{ env.NAME }}` in it replaced; a client or a pool as it is.
 *
 * @param who whose server it is, for the error: `redisStorage()`
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where a variable is not set
 */
export function resolveServer<T>(server: T, who: string): T {
  const members = (server ?? {}) as Readonly<Record<string, unknown>>;
  const isAlive = ["call", "sendCommand", "connect"].some((name) => typeof members[name] === "function");
  return isAlive ? server : resolveReferences(server, who);
}

/** @param secrets where the paths of secrets are added */
function isPlain(value: unknown, path: string, secrets: string[]): boolean {
  const name = path.slice(path.lastIndexOf(".") + 1);
  if (typeof value === "string") {
    const isSecret = secretNames.has(name) ? value !== "" : mayHoldPassword(value);
    if (isSecret) secrets.push(path);
    return true;
  }
  if (value === undefined || value === null || typeof value === "boolean" || Number.isFinite(value)) return true;
  if (Array.isArray(value)) return value.every((each, i) => isPlain(each, `${path}.${i}`, secrets));
  if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.entries(value).every(([key, each]) => isPlain(each, `${path}.${key}`, secrets));
}

/** Rather once too often: `//user:password@`, also where the password has characters that it should not have. */
function mayHoldPassword(text: string): boolean {
  return /\/\/[^@]*:.*@|pass(word|wd)?=/is.test(text);
}
