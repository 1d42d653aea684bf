import type { Configuration } from "../kernel/configuration.ts";
import { plainJson } from "../kernel/plain-json.ts";
import { Refusal, typeName, withArticle } from "../kernel/refusal.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import type { Storage } from "../storage/storage.ts";
import { invalid, isType } from "./reference.ts";

/** What can be saved. */
export type BlockResource = Storage | LockManager;

/**
 * How a resource can be made again. Its type is that of the block: a storage and the locks of one server are two.
 *
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where it cannot be said
 */
export function configurationOf(resource: BlockResource): Configuration {
  if (typeof resource !== "object" || resource === null)
    throw invalid(`${typeName(resource)} cannot be a block`, "pass a storage or a lock manager");
  const isLocks = "acquire" in resource;
  const { configuration, kind } = resource;
  const what = `${withArticle(typeof kind === "string" ? kind : typeName(resource))} ${isLocks ? "lock manager" : "storage"}`;
  if (configuration === undefined)
    throw invalid(
      `${what} cannot be saved as a block: how to make it again is not known`,
      "it was made of a client, a connection or a function, which live in this process only, or is of your own: make it of plain options",
    );
  const type = isLocks && !configuration.type.endsWith("-locks") ? `${configuration.type}-locks` : configuration.type;
  if (!isType(type))
    throw invalid(`${what} has the type ${JSON.stringify(type)}`, "types have small letters, digits and dashes");
  return { ...configuration, type };
}

/**
 * A copy of plain data. What is `undefined` is left out, as if nobody had said it.
 *
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` for what is no plain data, by its path
 */
export function plainCopy(args: readonly unknown[], reference: string): unknown[] {
  try {
    const said = withoutUndefined(args) as unknown[];
    while (said.length > 0 && said.at(-1) === undefined) said.pop();
    return JSON.parse(plainJson(said)) as unknown[];
  } catch (error) {
    const refusal = Refusal.of(error);
    // Not the cause: what it quotes may be a secret.
    const hint = refusal.hint ?? "a block keeps plain data only";
    throw invalid(`${reference} cannot be saved: ${refusal.path("args")}: ${refusal.message}`, hint);
  }
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const said = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(said.map(([key, each]) => [key, withoutUndefined(each)]));
}
