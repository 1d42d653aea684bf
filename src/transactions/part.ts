import type { Awaitable } from "../kernel/awaitable.ts";
import type { Lease } from "../locks/lock-manager.ts";
import type { PreparedRecord } from "../results/prepared-record.ts";
import type { Serializer } from "../serializers/serializer.ts";
import type { Waiter } from "./deadlock.ts";
import type { Transaction, TransactionHook, TransactionState } from "./transaction.ts";

/** What a transaction needs of who has opened it. */
export interface TransactionHost {
  /** `The transaction`, `Transaction 'key'`, `Task run 'add-one-d85'`: how messages name it. */
  readonly label: string;
  readonly logger: { info(line: string): void; warn(line: string): void; error(line: string): void };
  readonly copier: Serializer;
  /** Whether it is the transaction of a run: failures inside it are that run's business. */
  readonly isRun: boolean;
  /** Runs a hook where the work was done; what it begins is no part of the transaction. */
  runHook<T>(part: Part, fn: () => T): T;
  /** Told when what was staged is durable. @param persisted whether a record of its own is among it, and outlives the process */
  committed?(persisted: boolean): void;
  /** Told when what was staged has been undone, and why. */
  rolledBack?(reason: string): void;
}

/** Why a transaction is rolled back. */
export interface Undoing {
  /** In words that follow "rolled back: ". */
  readonly reason: string;
  /** The failure that led to it, whatever was thrown; absent where it was asked for. */
  readonly cause?: unknown;
  /** Whether the transactions around it are rolled back too. */
  readonly spreads: boolean;
}

/** What commit and rollback know of a transaction: a part of what is committed or undone together. */
export interface Part extends Transaction, Waiter {
  state: TransactionState;
  readonly host: TransactionHost;
  /** Whether it has been committed or rolled back, perhaps by itself, before what is around it. */
  readonly hasEnded: boolean;
  readonly parent: Part | undefined;
  /** Its own record, on its way. */
  readonly record: Awaitable<PreparedRecord> | undefined;
  /** The fencing token under which the record is written. */
  readonly fence: number | undefined;
  readonly onCommit: readonly TransactionHook[];
  readonly onRollback: readonly TransactionHook[];
  readonly errors: unknown[];
  undoing: Undoing | undefined;
  /** This part and those that are committed with it, in the order in which they were staged. */
  inOrder(): Iterable<Part>;
  /** The locks that it acquired. */
  leases(): Iterable<Lease>;
  /** Forgets what it has staged, in the eyes of the code inside the root transaction. */
  unstage(): void;
  releaseLocks(): Promise<void>;
  /** Takes over that a part inside it was rolled back. */
  innerRolledBack(undoing: Undoing, inner: Part): Promise<void>;
}
