import { ConfigurationError } from "../kernel/errors.ts";
import { whyNoKey } from "../kernel/keys.ts";
import { checkOptionNames } from "../kernel/option-names.ts";
import { checkIsolation, type IsolationLevel } from "../caching/policy-configuration.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import { ResultStore } from "../results/result-store.ts";
import type { CommitMode } from "../transactions/transaction.ts";

/** The options of a transaction. */
export interface TransactionOptions {
  /**
   * Names its record and its lock. Where the record is there already, the transaction is committed from the start; the block is called
   * all the same.
   *
   * @default none
   */
  readonly key?: string | undefined;
  /** Where the record goes. @default the store of the flow around it, else the default one */
  readonly store?: ResultStore | undefined;
  /** When it is committed. @default EAGER inside an EAGER transaction, else LAZY */
  readonly commitMode?: CommitMode | undefined;
  /** Also that of the tasks inside, where their policies say nothing. @default that of the transaction around it, else READ_COMMITTED */
  readonly isolationLevel?: IsolationLevel | undefined;
  /**
   * Gives the locks of SERIALIZABLE, also to the tasks inside: a lock manager, or a block: `"block:redis-locks/main"`.
   *
   * @default that of the transaction around it, else that of the store, else the one that belongs to its storage
   */
  readonly lockManager?: LockManager | string | undefined;
  /** Whether a record that is there is not looked at, and overwritten. @default false */
  readonly overwrite?: boolean | undefined;
  /** Whether a transaction with a key stores its value. @default true */
  readonly writeOnCommit?: boolean | undefined;
}

const known = ["key", "store", "commitMode", "isolationLevel", "lockManager", "overwrite", "writeOnCommit"];

/** @throws {ConfigurationError} for a name or a value that cannot mean anything */
export function checkTransactionOptions(options: TransactionOptions): void {
  checkOptionNames(options, known, "transaction()");
  checkIsolation(options, "transaction()");
  const { key, commitMode } = options;
  const why = key === undefined ? undefined : whyNoKey(key);
  if (why !== undefined) throw new ConfigurationError("OXBOW_KEY_INVALID", `transaction(), key: ${why}`);
  if (options.store !== undefined && !(options.store instanceof ResultStore)) {
    throw invalid("store: it must be a ResultStore", "write new ResultStore({ storage, serializer: json() })");
  }
  for (const name of ["overwrite", "writeOnCommit"] as const) {
    if (![undefined, true, false].includes(options[name])) throw invalid(`${name}: it must be true or false`);
  }
  if (commitMode !== undefined && !["LAZY", "EAGER", "OFF"].includes(commitMode)) {
    throw invalid(`commitMode: ${JSON.stringify(commitMode)} must be "LAZY", "EAGER" or "OFF"`);
  }
}

function invalid(message: string, hint?: string): ConfigurationError {
  return new ConfigurationError(
    "OXBOW_OPTION_INVALID",
    `transaction(), ${message}`,
    hint === undefined ? {} : { hint },
  );
}
