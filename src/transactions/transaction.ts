/*
 * What people see of a transaction.
 *
 *   PENDING ─▶ ACTIVE ─▶ STAGED ─▶ COMMITTED
 *      │          └─────────┴────▶ ROLLED_BACK
 *      └─ a record is there already ─▶ COMMITTED
 */

/** Where a transaction is on its way. `STAGED`: its work is done and waits to be committed. */
export type TransactionState = "PENDING" | "ACTIVE" | "STAGED" | "COMMITTED" | "ROLLED_BACK";

/**
 * When a transaction is committed: `LAZY` with the one around it, or at its own end where there is none; `EAGER` at its own end; `OFF`
 * only by {@link Transaction.commit}, and without that it is rolled back at its end.
 */
export type CommitMode = "LAZY" | "EAGER" | "OFF";

/** Called when a transaction has been committed, or is rolled back; may be asynchronous. */
export type TransactionHook = (txn: Transaction) => unknown;

/** What goes with a staged value. */
export interface TransactionHooks {
  /** Called once the records are durable. One that throws rolls the transaction back. @default [] */
  readonly onCommit?: TransactionHook | readonly TransactionHook[] | undefined;
  /** Called when the transaction is rolled back; the hooks of the latest work first. @default [] */
  readonly onRollback?: TransactionHook | readonly TransactionHook[] | undefined;
}

/** A group of work that counts together or not at all. */
export interface Transaction {
  readonly state: TransactionState;
  /** The transaction around this one. */
  readonly parent: Transaction | undefined;
  /** What hooks threw while it was rolled back, in order. */
  readonly errors: readonly unknown[];

  /** Whether its result is there for everybody: it has been committed, or was before it began. */
  isCommitted(): boolean;

  /**
   * Keeps a value for later in the transaction, and for its hooks. A copy is kept: what happens to the value afterwards does not show.
   *
   * @throws {TransactionError} `OXBOW_TRANSACTION_VALUE_INVALID` for what the structured clone algorithm cannot copy faithfully
   */
  set(name: string, value: unknown): void;

  /**
   * A copy of a value of this transaction, or of the nearest one around it that has it.
   *
   * @param fallback what to give where none has it
   * @throws {TransactionError} `OXBOW_TRANSACTION_VALUE_MISSING` where none has it and there is no fallback
   */
  get<T = unknown>(name: string, ...fallback: [fallback?: T]): T;

  /**
   * Says what the transaction comes to. The last value counts; the hooks of all calls do. The value is taken as it is now. It is stored at
   * the commit where the transaction has a key. Does nothing where the record was there already.
   *
   * @throws {TransactionError} `OXBOW_TRANSACTION_ENDED`
   */
  stage(value: unknown, hooks?: TransactionHooks): void;

  /**
   * The value of its record: what it has staged, what an equal transaction around it has staged, or what is stored.
   *
   * @throws {MissingResultError} where there is none: it has no key, or nothing is there yet; {@link StorageError}
   */
  read(): Promise<unknown>;

  /**
   * Commits now what has been staged by now, this transaction's and that of those inside it, whatever the commit mode. Does
   * nothing where that has been done.
   *
   * @throws {TransactionCommitError} where that fails: the transaction has been rolled back
   * @throws {TransactionError} `OXBOW_TRANSACTION_ENDED` where it was rolled back
   */
  commit(): Promise<void>;

  /**
   * Undoes what has been staged by now: calls the hooks, the latest first, and forgets the values. So do the transactions around this
   * one. Does nothing where it has been rolled back, or is committed. Hooks that throw are logged, and are in {@link Transaction.errors}.
   * It is no failure: `transaction` then gives back what the block returns.
   */
  rollback(): Promise<void>;
}
