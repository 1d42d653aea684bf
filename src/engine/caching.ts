/* The two touches of the cache in a task run: the lookup before the body, and the write after it. */
import { andThen, isPromise, type Awaitable } from "../kernel/awaitable.ts";
import { formatMs } from "../kernel/duration.ts";
import { typeName, withArticle } from "../kernel/refusal.ts";
import { holdsItems } from "../serializers/streams.ts";
import { CachingError, describeError, messageOf } from "../kernel/errors.ts";
import type { CacheKey } from "../caching/compute-key.ts";
import { type DamageListener, isDamage, type Lookup } from "../results/lookup.ts";
import type { PreparedRecord } from "../results/prepared-record.ts";
import { isExpired, type Provenance, whyNotTrusted } from "../results/record.ts";
import type { ResultStore } from "../results/result-store.ts";
import { Decision, type DecisionOutcome } from "../states/decision.ts";
import type { RecordMetadata } from "../storage/storage.ts";
import type { CachePlan } from "./cache-plan.ts";
import { listOf, type Yielded } from "./gather.ts";
import { Recorded } from "./recording.ts";
import { contextOf } from "./run-context.ts";
import { sayOnce } from "./say-once.ts";
import type { TaskRun } from "./task-run.ts";
import { validateOutput } from "./validation.ts";
import { whyAbsent } from "./why-absent.ts";

/** What a lookup came to: a hit has a value. */
export type Answer =
  | {
      readonly hit: true;
      readonly value: unknown;
      readonly decision: Decision;
      /** Found in the transaction that the run is a part of, and not yet committed. */
      readonly isStaged: boolean;
    }
  | { readonly hit: false; readonly decision: Decision };

type Cached = Extract<CachePlan, { kind: "with" }>;
type Found = Extract<Lookup, { kind: "found" }> & { readonly staged?: true };

/**
 * Asks for the record of a run.
 *
 * @param reads whether the value of a hit is wanted, not only the decision
 * @throws {CachingError} where the cache fails and caching is strict
 */
export function ask(run: TaskRun, plan: Cached, reads = true): Awaitable<Answer> {
  if (plan.refresh !== undefined)
    return { hit: false, decision: new Decision("refreshed", plan.refresh, plan.key.value) };
  const staged = run.joins && !run.joins.staged.isEmpty ? findStaged(run, plan, reads) : undefined;
  if (staged) return staged;
  const onDamage: DamageListener = (metadata, error) => discard(run, plan, metadata, error);
  return andThen(plan.store.lookUp(plan.key, run.clock.now(), run.task.inMemory, onDamage), (lookup) =>
    judge(run, plan, lookup, reads),
  );
}

/** The record of a stream turned out to be damaged when somebody read it, perhaps after the end of the run. */
async function discard(run: TaskRun, { store, mayWrite }: Cached, metadata: RecordMetadata, error: unknown) {
  let fate = mayWrite ? "it is removed, and the next call computes again" : "the next call computes again";
  try {
    await store.discard(metadata, mayWrite);
  } catch (failure) {
    fate = `it could not be removed (${describeError(failure)}), and is not used again by this process`;
  }
  run.logger.warn(`A stored result is damaged, which showed when it was read: ${messageOf(error)}; ${fate}`);
}

/** What an equal call in the same transaction has staged: nobody else sees it yet. */
function findStaged(run: TaskRun, plan: Cached, reads: boolean): Awaitable<Answer> | undefined {
  const { store, key } = plan;
  const record = run.joins!.staged.find(store.keyStorage ?? store.storage, key.value);
  if (!record || isExpired(record.metadata, run.clock.now())) return undefined;
  const refused = whyNotTrusted(record.metadata, store.serializer.seal);
  if (refused !== undefined) return judge(run, plan, { kind: "damaged", reason: () => refused }, reads);
  const found = (value: unknown): Awaitable<Answer> =>
    judge(run, plan, { kind: "found", metadata: record.metadata, value, staged: true }, reads);
  const unreadable = (error: unknown): Awaitable<Answer> =>
    judge(
      run,
      plan,
      { kind: "damaged", reason: () => `what is staged cannot be read: ${describeError(error)}` },
      reads,
    );
  try {
    const value = record.store.decode(record);
    return isPromise(value) ? value.then(found, unreadable) : found(value);
  } catch (error) {
    return unreadable(error);
  }
}

function judge(run: TaskRun, plan: Cached, lookup: Lookup | Found, reads: boolean): Awaitable<Answer> {
  const { key } = plan;
  switch (lookup.kind) {
    case "found": {
      const misfit = whyOfOtherShape(run, lookup);
      if (misfit !== undefined) return judge(run, plan, { kind: "damaged", reason: () => misfit }, reads);
      if (reads && run.task.yields && !run.outlet && !Array.isArray(lookup.value)) return listed(run, plan, lookup);
      return run.task.validate || run.task.output ? examine(run, key, lookup) : hit(run, key, lookup, lookup.value);
    }
    case "absent": {
      const { target, store } = plan;
      const none = target !== undefined && !lookup.expired ? `there is no file ${target}` : undefined;
      return { hit: false, decision: new Decision("miss", none ?? whyAbsent(run, plan.key, store, lookup), key.value) };
    }
    case "damaged": {
      const reason = lookup.reason();
      sayOnce(run, "warn", `Stored result not used: ${reason}`);
      return { hit: false, decision: new Decision("miss", reason, key.value) };
    }
    case "failed": {
      const reason = `lookup failed: ${describeError(lookup.error)}`;
      if (run.settings.caching.strict) throw new CachingError(reason, { cause: lookup.error });
      sayOnce(run, "warn", `Cache ${reason}`, lookup.error);
      return { hit: false, decision: new Decision("miss", reason, key.value) };
    }
  }
}

/** Why a record cannot be what this task gives: under a key of the user's own, another one may have written it. */
function whyOfOtherShape({ task }: TaskRun, { metadata, value }: Found): string | undefined {
  const isOfItems = holdsItems(metadata.serializer);
  if (task.yields) {
    if (isOfItems || Array.isArray(value)) return undefined;
    const type = typeName(value);
    return `the record holds ${value === null || value === undefined ? type : withArticle(type)}, and the task yields items`;
  }
  return isOfItems ? "the record holds items that a generator has yielded, and the task is none" : undefined;
}

/** Nobody takes the items of a hit one by one: read before anybody has seen one, so that a damaged record is a miss. */
async function listed(run: TaskRun, plan: Cached, found: Found): Promise<Answer> {
  try {
    const value = await listOf(found.value as Yielded);
    return await judge(run, plan, { ...found, value }, true);
  } catch (error) {
    if (error instanceof CachingError) throw error;
    const lookup: Lookup = isDamage(error)
      ? { kind: "damaged", reason: () => messageOf(error) }
      : { kind: "failed", error };
    return judge(run, plan, lookup, true);
  }
}

async function examine(run: TaskRun, key: CacheKey, found: Found): Promise<Answer> {
  const refused = (reason: string): Answer => ({ hit: false, decision: new Decision("miss", reason, key.value) });
  try {
    if (run.task.validate && !(await run.task.validate(found.metadata, contextOf(run)!)))
      return refused("`validate` refused the record");
    const value = run.task.output ? await validateOutput(run, found.value) : found.value;
    return hit(run, key, found, value);
  } catch (error) {
    return refused(`the record was not accepted: ${describeError(error)}`);
  }
}

function hit(run: TaskRun, key: CacheKey, { metadata, staged }: Found, value: unknown): Answer {
  const now = run.clock.now();
  const reason = (): string => {
    const age = formatMs(Math.max(0, now - metadata.createdAt));
    // A file tells when it was written, and not what it took.
    if (metadata.serializer.startsWith("file:")) return `written ${age} ago`;
    const notes = key.notes().map((note) => `; ${note}`);
    const writer =
      metadata.taskName === run.task.name || metadata.taskName === "" ? "" : ` by another task, '${metadata.taskName}'`;
    return `computed ${age} ago${writer}${staged ? " in this transaction" : ""}, saved ${formatMs(metadata.durationMs)}${notes.join("")}`;
  };
  return { hit: true, value, isStaged: staged === true, decision: new Decision("hit", reason, key.value, metadata) };
}

/** What became of a write. */
export interface Written {
  readonly persisted: boolean;
  readonly decision: Decision;
  /** Why it was undone at once: the transaction around it has been rolled back. */
  readonly undone?: string;
}

/** Stores the value of a run. A write that fails is said, and fatal only where caching is strict. */
export function store(
  run: TaskRun,
  plan: Cached,
  decision: Decision,
  value: unknown,
  durationMs: number,
): Awaitable<Written> {
  try {
    const written = save(run, plan.store, plan.key, value, durationMs);
    const { persistent: persisted } = plan.store.storage.capabilities;
    return isPromise(written)
      ? written.then(
          () => ({ persisted, decision }),
          (error: unknown) => notStored(run, decision, error),
        )
      : { persisted, decision };
  } catch (error) {
    return notStored(run, decision, error);
  }
}

function save(
  run: TaskRun,
  target: ResultStore,
  key: CacheKey,
  value: unknown,
  durationMs: number,
): Awaitable<RecordMetadata> {
  const now = run.clock.now();
  const [origin, options] = [originOf(run, key, durationMs), { expiresAt: expiryOf(run, now) }];
  if (value instanceof Recorded) return target.saveEncoded(key, value.encoded, origin, now, options);
  return target.save(key, value, origin, now, options);
}

/** The record of a run's value, ready to be written. @throws {SerializationError} */
export function recordOf(
  run: TaskRun,
  { store, key }: Cached,
  value: unknown,
  durationMs: number,
): Awaitable<PreparedRecord> {
  const now = run.clock.now();
  const [origin, options] = [originOf(run, key, durationMs), { expiresAt: expiryOf(run, now) }];
  if (value instanceof Recorded) return store.prepareEncoded(key, value.encoded, origin, now, options);
  return store.prepare(key, value, origin, now, options);
}

function originOf({ task, id, flowRun }: TaskRun, key: CacheKey, durationMs: number): Provenance {
  const { name: taskName, tags } = task;
  return { taskName, taskRunId: id, flowRunId: flowRun?.id, durationMs, tags, components: key.digests() };
}

function expiryOf({ task }: TaskRun, now: number): number | undefined {
  return task.expirationMs === undefined ? undefined : now + task.expirationMs;
}

/** Says that a result was not stored. @throws {CachingError} where caching is strict */
export function notStored(run: TaskRun, decision: Decision, error: unknown): Written {
  const reason = `the result could not be stored: ${describeError(error)}`;
  if (run.settings.caching.strict) throw new CachingError(reason, { cause: error });
  sayOnce(run, "error", reason[0]!.toUpperCase() + reason.slice(1), error);
  const outcome: DecisionOutcome = decision.outcome;
  return { persisted: false, decision: new Decision(outcome, () => `${decision.reason}; ${reason}`, decision.key) };
}
