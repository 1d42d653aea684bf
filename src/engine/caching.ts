/* The two touches of the cache in a task run: the lookup before the body, and the write after it. */
import { andThen, isPromise, type Awaitable } from "../kernel/awaitable.ts";
import { formatMs } from "../kernel/duration.ts";
import { CachingError, describeError } from "../kernel/errors.ts";
import type { CacheKey } from "../caching/compute-key.ts";
import type { Lookup } from "../results/lookup.ts";
import type { ResultStore } from "../results/result-store.ts";
import { Decision, type DecisionOutcome } from "../states/decision.ts";
import type { RecordMetadata } from "../storage/storage.ts";
import type { CachePlan } from "./cache-plan.ts";
import { contextOf } from "./run-context.ts";
import { sayOnce } from "./say-once.ts";
import type { TaskRun } from "./task-run.ts";
import { validateOutput } from "./validation.ts";
import { whyAbsent } from "./why-absent.ts";

/** What a lookup came to: a hit has a value. */
export type Answer =
  | { readonly hit: true; readonly value: unknown; readonly decision: Decision }
  | { readonly hit: false; readonly decision: Decision };

type Cached = Extract<CachePlan, { kind: "with" }>;

/** Asks for the record of a run. @throws {CachingError} where the cache fails and caching is strict */
export function ask(run: TaskRun, plan: Cached): Awaitable<Answer> {
  if (plan.refresh !== undefined)
    return { hit: false, decision: new Decision("refreshed", plan.refresh, plan.key.value) };
  return andThen(plan.store.lookUp(plan.key, run.clock.now(), run.task.inMemory), (lookup) => judge(run, plan, lookup));
}

function judge(run: TaskRun, plan: Cached, lookup: Lookup): Awaitable<Answer> {
  const { key } = plan;
  switch (lookup.kind) {
    case "found":
      return run.task.validate || run.task.output
        ? examine(run, key, lookup.metadata, lookup.value)
        : hit(run, key, lookup.metadata, lookup.value);
    case "absent":
      return { hit: false, decision: new Decision("miss", whyAbsent(run, plan.key, plan.store, lookup), key.value) };
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

async function examine(run: TaskRun, key: CacheKey, metadata: RecordMetadata, stored: unknown): Promise<Answer> {
  const refused = (reason: string): Answer => ({ hit: false, decision: new Decision("miss", reason, key.value) });
  try {
    if (run.task.validate && !(await run.task.validate(metadata, contextOf(run)!)))
      return refused("`validate` refused the record");
    const value = run.task.output ? await validateOutput(run, stored) : stored;
    return hit(run, key, metadata, value);
  } catch (error) {
    return refused(`the record was not accepted: ${describeError(error)}`);
  }
}

function hit(run: TaskRun, key: CacheKey, metadata: RecordMetadata, value: unknown): Answer {
  const now = run.clock.now();
  const reason = (): string => {
    const writer =
      metadata.taskName === run.task.name || metadata.taskName === "" ? "" : ` by another task, '${metadata.taskName}'`;
    return `computed ${formatMs(Math.max(0, now - metadata.createdAt))} ago${writer}, saved ${formatMs(metadata.durationMs)}`;
  };
  return { hit: true, value, decision: new Decision("hit", reason, key.value, metadata) };
}

/** What became of a write. */
export interface Written {
  readonly persisted: boolean;
  readonly decision: Decision;
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
  const { task } = run;
  const now = run.clock.now();
  const origin = {
    taskName: task.name,
    taskRunId: run.id,
    flowRunId: run.flowRun?.id,
    durationMs,
    tags: task.tags,
    components: key.digests(),
  };
  return target.save(key, value, origin, now, {
    expiresAt: task.expirationMs === undefined ? undefined : now + task.expirationMs,
  });
}

function notStored(run: TaskRun, decision: Decision, error: unknown): Written {
  const reason = `the result could not be stored: ${describeError(error)}`;
  if (run.settings.caching.strict) throw new CachingError(reason, { cause: error });
  sayOnce(run, "error", reason[0]!.toUpperCase() + reason.slice(1), error);
  const outcome: DecisionOutcome = decision.outcome;
  return { persisted: false, decision: new Decision(outcome, () => `${decision.reason}; ${reason}`, decision.key) };
}
