import { services } from "../defaults.ts";
import { transactionIn } from "../engine/run-transaction.ts";
import { currentScope } from "../engine/scope.ts";
import { runTransaction } from "../engine/transaction-block.ts";
import type { TransactionOptions } from "../engine/transaction-options.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import type { Transaction } from "../transactions/transaction.ts";

/**
 * Runs a block of code whose tasks count together: their results are stored in one step when it ends, or not at all where it fails;
 * then their `onRollback` hooks undo what they did.
 *
 * @param fn the block; it gets the transaction
 * @returns what the block returns
 * @throws what the block throws, once all has been undone; {@link TransactionCommitError} where the block ended well and its work could
 * not be stored, or something inside it failed; {@link LockError} where its lock was not to be had
 * @example
 * await transaction(async () => {
 *   const rows = await load();
 *   await publish(rows);
 * });
 */
export function transaction<T>(fn: (txn: Transaction) => T | PromiseLike<T>): Promise<T>;
/**
 * The same, with a key, an isolation level or another commit mode.
 *
 * @param options see {@link TransactionOptions}
 * @throws also {@link ConfigurationError} for options that cannot mean anything
 * @example
 * await transaction({ key: "daily-report", isolationLevel: "SERIALIZABLE" }, async (txn) => {
 *   if (txn.isCommitted()) return;
 *   txn.stage(await makeReport());
 * });
 */
export function transaction<T>(options: TransactionOptions, fn: (txn: Transaction) => T | PromiseLike<T>): Promise<T>;
export async function transaction(...args: readonly unknown[]): Promise<unknown> {
  const [options, fn] = args.length > 1 ? args : [{}, args[0]];
  if (typeof fn !== "function" || typeof options !== "object" || options === null) {
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      "transaction() needs a function, and perhaps options before it",
      {
        hint: 'write transaction(async (txn) => …) or transaction({ key: "load" }, async (txn) => …)',
      },
    );
  }
  return runTransaction(services, options, fn as (txn: Transaction) => unknown);
}

/** The innermost transaction of the code that is running, a task's own included; `undefined` where there is none. */
export function getTransaction(): Transaction | undefined {
  const scope = currentScope();
  return scope && transactionIn(scope);
}
