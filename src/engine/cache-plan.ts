/*
 * DESIGN. Before a run: is its result to be cached, under which key, where? The answer is a plan. All reasons not to
 * cache are decisions in words; none is silent.
 */
import { andThen, isPromise, type Awaitable } from "../kernel/awaitable.ts";
import { CachingError, ConfigurationError, HashError, describeError } from "../kernel/errors.ts";
import { type CacheMode, mayRead, mayWrite, narrower } from "../kernel/cache-mode.ts";
import { computeKey, CacheKey } from "../caching/compute-key.ts";
import type { Absent, CachePolicy, KeyContext, KeyTask } from "../caching/cache-policy.ts";
import type { IsolationLevel } from "../caching/policy-configuration.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import type { ResultStore } from "../results/result-store.ts";
import { Decision } from "../states/decision.ts";
import type { FlowDefinition, TaskDefinition } from "./definition.ts";
import { contextOf } from "./run-context.ts";
import { sayOnce } from "./say-once.ts";
import type { TaskRun } from "./task-run.ts";

/** How a run uses the cache. */
export type CachePlan =
  /** Not at all, and why. */
  | { readonly kind: "without"; readonly decision: Decision }
  /** Under a key in a store; `refresh` says why the record is not asked for. */
  | {
      readonly kind: "with";
      readonly key: CacheKey;
      readonly store: ResultStore;
      readonly refresh: string | undefined;
      readonly isolation: IsolationLevel;
      /** Gives the lock of a run that is SERIALIZABLE; `undefined` where none can be had. */
      readonly lockManager: LockManager | undefined;
      /** Whether a result is stored. */
      readonly mayWrite: boolean;
      /** Where the plain file of the result is, for people. */
      readonly target: string | undefined;
    };

function without(outcome: "disabled" | "uncached", reason: string): CachePlan {
  return { kind: "without", decision: new Decision(outcome, reason) };
}

const notPersisted = without(
  "disabled",
  "results are not persisted; set persistResult, a cachePolicy or results.persistByDefault",
);
const switchedOff = without("disabled", "tasks.disableCaching is on");
const noPolicy = without("disabled", "tasks.defaultNoCache is on and the task has no policy of its own");
const never = without("disabled", "the cache policy is NO_CACHE");
const modeIsOff = without("disabled", "the cache mode is off");
const optedOut = without("disabled", "persistResult is false");

/** What {@link planCaching} comes to for a call. */
export function planCaching(run: TaskRun): Awaitable<CachePlan> {
  const { task, settings } = run;
  if (settings.tasks.disableCaching) return switchedOff;
  if (modeOf(run) === "off") return modeIsOff;
  if (task.persist === false) return optedOut;
  if (task.policy?.isNever) return never;
  if (task.target) return targetPlan(run, task.target);
  if (!persists(run)) return notPersisted;
  if (task.policy === undefined && settings.tasks.defaultNoCache) return noPolicy;
  return keyOf(run, task.policy ?? run.services.defaultPolicy);
}

/** The order of precedence of design: the task, what its options imply, the settings, the flow around it. */
function persists(run: TaskRun): boolean {
  const { task, settings } = run;
  if (task.persist !== undefined) return task.persist;
  if (task.impliesPersistence) return true;
  if (settings.tasks.defaultPersistResult !== undefined) return settings.tasks.defaultPersistResult;
  for (let outer = run.parent; outer; outer = outer.parent) {
    if (outer.task.persist !== undefined) return outer.task.persist;
    if (outer.task.impliesPersistence) return true;
  }
  for (let flowRun = run.flowRun; flowRun; flowRun = flowRun.parent) {
    const { persist, storage, serializer } = flowRun.flow;
    if (persist !== undefined) return persist;
    if (storage !== undefined || serializer !== undefined) return true;
  }
  return settings.results.persistByDefault || settings.results.defaultStorageBlock !== undefined;
}

function keyOf(run: TaskRun, policy: CachePolicy): Awaitable<CachePlan> {
  return andThen(keyOrRefusal(run, policy), (made) => {
    if ("kind" in made) return made;
    return "absent" in made ? without("uncached", made.absent) : planFor(run, policy, made);
  });
}

function keyOrRefusal(run: TaskRun, policy: CachePolicy): Awaitable<CacheKey | Absent | CachePlan> {
  try {
    const key = computeKey(policy, new RunKeyContext(run));
    return isPromise(key) ? key.catch((error: unknown) => refuse(run, error)) : key;
  } catch (error) {
    return refuse(run, error);
  }
}

/** What policies see of a run; each part is made when a policy asks for it. */
class RunKeyContext implements KeyContext {
  readonly task: KeyTask;
  readonly #run: TaskRun;

  constructor(run: TaskRun) {
    this.task = run.task;
    this.#run = run;
  }

  get inputs(): Record<string, unknown> {
    return this.#run.inputs;
  }

  get flowParameters(): Record<string, unknown> | undefined {
    return this.#run.flowRun?.parameters;
  }

  get runId(): string {
    return this.#run.flowRun?.id ?? this.#run.id;
  }

  get run(): unknown {
    return contextOf(this.#run);
  }

  get checkKeyFunctions(): boolean {
    return process.env["NODE_ENV"] !== "production";
  }
}

function planFor(run: TaskRun, policy: CachePolicy, key: CacheKey): Awaitable<CachePlan> {
  const store = run.services.resultStore(run.settings, {
    storage: run.task.storage ?? flowAround(run, (flow) => flow.storage),
    keyStorage: policy.configuration.keyStorage,
    serializer: run.task.serializer ?? flowAround(run, (flow) => flow.serializer),
  });
  return andThen(store, (found) => planIn(run, policy, key, found));
}

/**
 * A target is a record whose key is the path, in a store of plain files. Who asked for a file is to know when there can be none.
 *
 * @throws {ConfigurationError} where the path cannot be made, or the storage keeps no files
 */
function targetPlan(run: TaskRun, pathOf: NonNullable<TaskDefinition["target"]>): Awaitable<CachePlan> {
  return andThen(pathOf(contextOf(run)!, run.clock.now()), async (path) => {
    const storage = run.task.storage ?? flowAround(run, (flow) => flow.storage);
    const { store, location } = await run.services.targetStore(run.settings, storage, path, run.task.expirationMs);
    const key = new CacheKey(`=${path}`, [], path);
    return planIn(run, run.task.policy ?? run.services.defaultPolicy, key, store, location);
  });
}

function planIn(
  run: TaskRun,
  policy: CachePolicy,
  key: CacheKey,
  store: ResultStore,
  target?: string,
): Awaitable<CachePlan> {
  run.cached = { key, store };
  const mode = narrower(modeOf(run), store.mode);
  if (mode === "off") return modeIsOff;
  const isolation = mayWrite(mode) ? isolationOf(run, policy, store) : withoutLocks;
  const refresh = mayRead(mode) ? whyRefresh(run) : `the cache mode is ${mode}`;
  return andThen(isolation, (isolated) => ({
    kind: "with",
    key,
    store,
    refresh,
    mayWrite: mayWrite(mode),
    target,
    ...isolated,
  }));
}

/** What a task may do with stored results. Whoever has a say can only take away: the store does too. */
function modeOf(run: TaskRun): CacheMode {
  return narrower(run.task.cacheMode ?? "read-write", modeAround(run));
}

/** What the settings and all flows around allow. */
export function modeAround({ flowRun, settings }: Pick<TaskRun, "flowRun" | "settings">): CacheMode {
  let { mode } = settings.caching;
  for (let around = flowRun; around; around = around.parent)
    mode = narrower(mode, around.flow.cacheMode ?? "read-write");
  return mode;
}

type Isolated = Pick<Extract<CachePlan, { kind: "with" }>, "isolation" | "lockManager">;

function isolationOf(
  { joins, services, settings }: TaskRun,
  { configuration }: CachePolicy,
  store: ResultStore,
): Awaitable<Isolated> {
  const isolation = configuration.isolationLevel ?? joins?.isolationLevel ?? "READ_COMMITTED";
  if (isolation === "READ_COMMITTED") return withoutLocks;
  const own = configuration.lockManager ?? joins?.lockManager;
  if (own === undefined)
    return { isolation, lockManager: services.locksOf(store.keyStorage ?? store.storage, settings) };
  return andThen(services.lockManager(own, settings), (lockManager) => ({ isolation, lockManager }));
}

const withoutLocks: Isolated = { isolation: "READ_COMMITTED", lockManager: undefined };

/** What the nearest flow chose that chose anything. */
export function flowAround<T>(
  run: Pick<TaskRun, "flowRun">,
  choice: (flow: FlowDefinition) => T | undefined,
): T | undefined {
  for (let flowRun = run.flowRun; flowRun; flowRun = flowRun.parent) {
    const chosen = choice(flowRun.flow);
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

function whyRefresh({ task, settings, flowRun }: TaskRun): string | undefined {
  for (let around = flowRun; around; around = around.parent) {
    if (around.resumption?.afresh.has(task.name)) return "the flow run was resumed from this task";
  }
  if (task.refresh === false) return undefined;
  if (task.refresh) return "refreshCache is set";
  return settings.tasks.refreshCache ? "tasks.refreshCache is on" : undefined;
}

/** No key can be made of this call: said once per flow run and reason, and fatal where caching is strict. */
function refuse(run: TaskRun, error: unknown): CachePlan {
  const known = error instanceof HashError || error instanceof ConfigurationError;
  const reason = known
    ? error.message.split("\n", 1)[0]!
    : `the cache key could not be computed: ${describeError(error)}`;
  if (run.settings.caching.strict) throw new CachingError(reason, { cause: error });
  sayOnce(run, error instanceof HashError ? "warn" : "error", `Not cached: ${reason}`, error);
  return without("uncached", reason);
}
