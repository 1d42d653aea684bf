/*
 * DESIGN. A transaction as the engine knows it: one node of a tree. A node collects what is staged in it and in the nodes inside it, and
 * at its end (`close`) hands all of that to the node around it, or commits it (commit.ts), or rolls it back (rollback.ts).
 *
 *   close ─▶ wait for work that still runs ─▶ OFF? ─▶ roll back
 *                                             EAGER, or nothing around? ─▶ commit
 *                                             around was rolled back? ─▶ roll back
 *                                             else ─▶ STAGED: committed with the one around
 *
 * Runs have nodes too. A failure rolls back the explicit transactions around it, and stops at a run: that one may try again, and its own
 * failure counts then.
 */
import type { Awaitable } from "../kernel/awaitable.ts";
import { ConfigurationError, MissingResultError, TransactionError } from "../kernel/errors.ts";
import { checkOptionNames } from "../kernel/option-names.ts";
import type { IsolationLevel } from "../caching/policy-configuration.ts";
import type { Lease, LockManager } from "../locks/lock-manager.ts";
import type { PreparedRecord } from "../results/prepared-record.ts";
import { Claims, type Claimant } from "./claims.ts";
import type { Waiter } from "./deadlock.ts";
import { commitPart } from "./commit.ts";
import { OwnRecord } from "./own-record.ts";
import type { Part, TransactionHost, Undoing } from "./part.ts";
import { rollBackPart } from "./rollback.ts";
import { RunningWork } from "./running-work.ts";
import { StagedRecords } from "./staged-records.ts";
import type { CommitMode, TransactionHook, TransactionHooks, TransactionState } from "./transaction.ts";
import { TransactionValues } from "./values.ts";

/** How a node is opened. */
export interface NodeOptions {
  /** The transaction around it. */
  readonly parent: TransactionNode | undefined;
  /** One that it is no part of, whose end may wait for it: that of the hook which has begun it, say. */
  readonly behind?: Waiter | undefined;
  /** @default that of the one around where that is EAGER, else LAZY */
  readonly commitMode?: CommitMode | undefined;
  /** @default that of the one around, else READ_COMMITTED */
  readonly isolationLevel?: IsolationLevel | undefined;
  /** A text names a block. @default that of the one around */
  readonly lockManager?: LockManager | string | undefined;
  readonly host: TransactionHost;
}

export class TransactionNode implements Part, Claimant {
  readonly parent: TransactionNode | undefined;
  readonly behind: Waiter | undefined;
  readonly commitMode: CommitMode;
  readonly isolationLevel: IsolationLevel;
  readonly lockManager: LockManager | string | undefined;
  readonly host: TransactionHost;
  /** The locks and the staged records of the whole tree. */
  readonly claims: Claims;
  readonly staged: StagedRecords;
  state: TransactionState = "PENDING";
  /** The fencing token under which its record is written. */
  fence: number | undefined;
  readonly own: OwnRecord;
  /** The nodes inside it that will be committed with it, in the order of their ends. */
  readonly children: TransactionNode[] = [];
  readonly onCommit: TransactionHook[] = [];
  readonly onRollback: TransactionHook[] = [];
  readonly errors: unknown[] = [];
  /** What runs inside it, and has to end before it does. */
  readonly work: RunningWork = new RunningWork();
  /** Why it was rolled back, if it was. */
  undoing: Undoing | undefined;
  /** What is being done with it at the moment. */
  ending: "commit" | "rollback" | undefined;
  /** Whether the record was there before it began. */
  wasThere = false;
  hasValue = false;
  /** The failure inside it that rolled it back: what was thrown. */
  doomedBy: { readonly cause: unknown } | undefined;
  #isSettled = false;
  readonly #values: TransactionValues;
  #ending: Promise<void> | undefined;
  #settled: PromiseWithResolvers<void> | undefined;

  constructor({ parent, behind, commitMode, isolationLevel, lockManager, host }: NodeOptions) {
    this.parent = parent;
    this.behind = behind;
    this.commitMode = commitMode ?? (parent?.commitMode === "EAGER" ? "EAGER" : "LAZY");
    this.isolationLevel = isolationLevel ?? parent?.isolationLevel ?? "READ_COMMITTED";
    this.lockManager = lockManager ?? parent?.lockManager;
    this.host = host;
    this.claims = parent?.claims ?? new Claims();
    this.staged = parent?.staged ?? new StagedRecords();
    this.own = new OwnRecord(this, this.staged, () => !this.hasEnded && this.#underway !== "rollback");
    this.#values = new TransactionValues(host.copier, parent?.values);
  }

  get record(): Awaitable<PreparedRecord> | undefined {
    return this.own.pending;
  }

  get values(): TransactionValues {
    return this.#values;
  }

  get hasEnded(): boolean {
    return this.state === "COMMITTED" || this.state === "ROLLED_BACK";
  }

  /**
   * Whether work that begins or ends now is a part of it: where it is committed, or about to be, the work is a transaction of its own.
   * What has been rolled back is open: its late work is rolled back, too.
   */
  get isOpen(): boolean {
    return this.wasThere ? !this.#isSettled : this.state !== "COMMITTED" && this.#underway !== "commit";
  }

  /** The transaction that it is committed with, where it is not committed by itself: the nearest that is not committed yet. */
  get #joined(): TransactionNode | undefined {
    let node = this.parent;
    while (node?.state === "COMMITTED") node = node.parent;
    return node;
  }

  /** What is being done at the moment with it, or with what it is a part of by now. */
  get #underway(): "commit" | "rollback" | undefined {
    const joined = this.#isSettled && !this.hasEnded ? this.#joined : undefined;
    return this.ending ?? (joined ? joined.#underway : undefined);
  }

  get within(): Waiter | undefined {
    return this.parent ?? this.behind;
  }

  /** Whether it works no more: it has reached its end, or was ended before. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  get releasedWith(): TransactionNode {
    const joined = this.#joined;
    return this.commitMode === "LAZY" && joined && !joined.hasEnded ? joined.releasedWith : this;
  }

  whenSettled(): Promise<void> {
    if (this.#isSettled) return Promise.resolve();
    return (this.#settled ??= Promise.withResolvers()).promise;
  }

  isCommitted(): boolean {
    return this.state === "COMMITTED";
  }

  set(name: string, value: unknown): void {
    this.#values.set(name, value);
  }

  get<T = unknown>(name: string, ...fallback: [fallback?: T]): T {
    return this.#values.get(name, fallback) as T;
  }

  stage(value: unknown, hooks: TransactionHooks = {}): void {
    if (this.wasThere) return;
    if (this.hasEnded || this.#underway) throw this.#ended("stage a value");
    checkOptionNames(hooks, ["onCommit", "onRollback"], "stage()");
    const [onCommit, onRollback] = [listOf(hooks.onCommit), listOf(hooks.onRollback)];
    this.hasValue = true;
    this.own.take(value);
    this.onCommit.push(...onCommit);
    this.onRollback.push(...onRollback);
    this.state = "STAGED";
  }

  async read(): Promise<unknown> {
    const own = await this.record;
    if (own && !this.hasEnded) return own.store.decode(own);
    if (this.own.readThere) return this.own.readThere();
    throw new MissingResultError(`${this.host.label} has no key, so there is no record to read`);
  }

  async commit(): Promise<void> {
    if (this.state === "ROLLED_BACK") throw this.#ended("be committed");
    await this.commitNow();
  }

  async rollback(): Promise<void> {
    await this.rollBack({ reason: "it was asked for", spreads: true });
  }

  /** Commits it with everything inside it. @throws {TransactionCommitError} */
  commitNow(): Promise<void> {
    if (this.hasEnded) return Promise.resolve();
    return this.#end("commit", () => commitPart(this));
  }

  /** Rolls it back with everything inside it. */
  rollBack(undoing: Undoing): Promise<void> {
    if (this.hasEnded) return Promise.resolve();
    return this.#end("rollback", () => rollBackPart(this, undoing));
  }

  #end(how: "commit" | "rollback", work: () => Promise<void>): Promise<void> {
    // Who waited for it from one of its own hooks would wait for ever.
    if (this.#underway) return Promise.reject(this.#ended("be ended twice"));
    this.ending = how;
    this.#ending = work().finally(async () => {
      this.ending = undefined;
      this.#settle();
      // One may have been handed over to it a moment ago.
      await this.releaseLocks();
    });
    return this.#ending;
  }

  /** Rolls it back once nothing runs inside it any more, and what was begun by hand is over. */
  async undo(undoing: Undoing): Promise<void> {
    await this.work.ended();
    await this.#ending?.catch(() => undefined);
    // What has been committed stays; what is around it fails with it all the same.
    if (this.isCommitted()) await this.parent?.innerRolledBack(undoing, this);
    else await this.rollBack(undoing);
  }

  /** Takes over that a node inside it was rolled back: so is this one, unless it is a run, which may try again. */
  async innerRolledBack(undoing: Undoing, inner: Part): Promise<void> {
    if (this.isCommitted()) return this.parent?.innerRolledBack(undoing, inner);
    if (this.host.isRun || this.hasEnded || this.#underway) return;
    const byHand = !("cause" in undoing);
    const reason = byHand ? `${inner.host.label} inside it was rolled back` : undoing.reason;
    if (!byHand) this.doomedBy ??= { cause: undoing.cause };
    this.errors.push(...inner.errors);
    await this.rollBack({ ...undoing, reason, spreads: true });
  }

  /** The end of its block or body: see above. @throws {TransactionCommitError} */
  async close(): Promise<void> {
    await this.work.ended();
    await this.#ending?.catch(() => undefined);
    // Who waits for its end is to find its record; what is wrong with that shows at the commit.
    await this.own.ready();
    try {
      if (this.hasEnded) return await this.releaseLocks();
      if (this.commitMode === "OFF") {
        return await this.rollBack({ reason: "it was not committed, and its commit mode is OFF", spreads: false });
      }
      const joined = this.#joined;
      if (!joined?.isOpen || this.commitMode === "EAGER") return await this.commitNow();
      if (joined.state === "ROLLED_BACK" || joined.#underway === "rollback") {
        return await this.rollBack({ reason: `${joined.host.label} was rolled back`, spreads: false });
      }
      joined.children.push(this);
      this.state = "STAGED";
    } finally {
      this.#settle();
    }
  }

  #settle(): void {
    this.#isSettled = true;
    this.#settled?.resolve();
  }

  /** Ends it with what is there already: there is nothing left to do, or to undo. */
  async endWithRecord(): Promise<void> {
    this.wasThere = true;
    this.state = "COMMITTED";
    this.#settle();
    await this.releaseLocks();
  }

  leases(): Iterable<Lease> {
    return this.claims.of(this);
  }

  unstage(): void {
    this.own.hide();
  }

  /** Lets go the locks of this node. What goes wrong is said: such a lock ends with its lease. */
  async releaseLocks(): Promise<void> {
    for (const error of await this.claims.release(this)) {
      this.host.logger.warn(`A lock could not be released, and ends with its lease: ${String(error)}`);
    }
  }

  /** Whether nothing has been staged in it, and nothing runs. */
  get isUnused(): boolean {
    return this.children.length === 0 && !this.hasValue && this.work.isOver;
  }

  /** Whether it belongs to an explicit transaction, whose work counts together or not at all. */
  get isGrouped(): boolean {
    return !this.host.isRun || (this.parent?.isGrouped ?? false);
  }

  /** This node and those that are committed with it, in the order in which they were staged. */
  *inOrder(): Iterable<TransactionNode> {
    for (const child of this.children) yield* child.inOrder();
    yield this;
  }

  #ended(what: string): TransactionError {
    const state = this.#underway ? `is in the middle of its ${this.#underway}` : `is ${this.state}`;
    return new TransactionError("OXBOW_TRANSACTION_ENDED", `${this.host.label} ${state} and cannot ${what}`);
  }
}

function listOf(hooks: TransactionHook | readonly TransactionHook[] | undefined): readonly TransactionHook[] {
  const list: readonly unknown[] = Array.isArray(hooks) ? hooks : hooks === undefined ? [] : [hooks];
  if (list.every((hook) => typeof hook === "function")) return list as readonly TransactionHook[];
  throw new ConfigurationError("OXBOW_OPTION_INVALID", "stage(): a hook must be a function, or a list of functions");
}
