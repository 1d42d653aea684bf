/* What a cache policy carries beside its recipe: where cache metadata go, and how equal runs are kept apart. */
import { resolve } from "node:path";
import { ConfigurationError } from "../kernel/errors.ts";
import { checkOptionNames } from "../kernel/option-names.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import type { Storage } from "../storage/storage.ts";

/**
 * What runs with one key may do to each other. `READ_COMMITTED`: a reader sees the latest committed record, and equal runs may compute at
 * once. `SERIALIZABLE`: of equal runs one computes, under a lock; the others wait and take its result.
 */
export type IsolationLevel = "READ_COMMITTED" | "SERIALIZABLE";

/** What goes with a policy beside its key. */
export interface PolicyConfiguration {
  /** Keeps cache metadata apart from the results: a storage, or the path of a folder. */
  readonly keyStorage?: Storage | string | undefined;
  /** @default that of the transaction around the run, else READ_COMMITTED */
  readonly isolationLevel?: IsolationLevel | undefined;
  /**
   * Gives the locks of SERIALIZABLE: a lock manager, or a block: `"block:redis-locks/main"`.
   *
   * @default that of the transaction around the run, else the one that belongs to the storage
   */
  readonly lockManager?: LockManager | string | undefined;
}

const configurable: Readonly<Record<keyof PolicyConfiguration, string>> = {
  keyStorage: "key storages",
  isolationLevel: "isolation levels",
  lockManager: "lock managers",
};

/** @throws {ConfigurationError} for a name or a value that it cannot have */
export function checkConfiguration(configuration: PolicyConfiguration): void {
  checkOptionNames(configuration, Object.keys(configurable), "configure() of a cache policy");
  checkIsolation(configuration, "A cache policy");
}

/** @throws {ConfigurationError} where the isolation level or the lock manager is none */
export function checkIsolation(
  { isolationLevel, lockManager }: Pick<PolicyConfiguration, "isolationLevel" | "lockManager">,
  where: string,
): void {
  if (isolationLevel !== undefined && !["READ_COMMITTED", "SERIALIZABLE"].includes(isolationLevel)) {
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      `${where}, isolationLevel: ${JSON.stringify(isolationLevel)} must be "READ_COMMITTED" or "SERIALIZABLE"`,
    );
  }
  const isLocks =
    typeof lockManager === "string"
      ? lockManager.startsWith("block:")
      : typeof (lockManager as Partial<LockManager> | null | undefined)?.acquire === "function";
  if (lockManager !== undefined && !isLocks) {
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      `${where}, lockManager: it must be a lock manager, such as memoryLocks(), or a block, such as "block:redis-locks/main"`,
    );
  }
}

/** What two policies have together. @throws {ConfigurationError} `OXBOW_POLICY_CONFLICT` where they differ */
export function mergeConfigurations(left: PolicyConfiguration, right: PolicyConfiguration): PolicyConfiguration {
  for (const name of Object.keys(configurable) as Array<keyof PolicyConfiguration>) {
    if (left[name] === undefined || right[name] === undefined || isSame(name, left, right)) continue;
    throw new ConfigurationError(
      "OXBOW_POLICY_CONFLICT",
      `Cannot join two cache policies with different ${configurable[name]}`,
      { hint: "configure the joined policy instead" },
    );
  }
  return { ...left, ...definedOf(right) };
}

function definedOf(configuration: PolicyConfiguration): PolicyConfiguration {
  return Object.fromEntries(Object.entries(configuration).filter(([, value]) => value !== undefined));
}

function isSame(name: keyof PolicyConfiguration, left: PolicyConfiguration, right: PolicyConfiguration): boolean {
  if (left[name] === right[name]) return true;
  // Two paths of one folder are one place.
  const [one, other] = [left[name], right[name]];
  return (
    name === "keyStorage" && typeof one === "string" && typeof other === "string" && resolve(one) === resolve(other)
  );
}
