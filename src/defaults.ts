/*
 * The composition root: this file and its folder are the only ones of the SDK that name implementations. What a task gets when
 * it asks for nothing is chosen here; everything below knows contracts only.
 *
 *   defaults/storages.ts   which storage a choice means
 *   defaults/blocks.ts     the drivers of blocks
 *   defaults/stores.ts     result stores, shared by equal choices
 *   defaults/locks.ts      the locks that belong to a storage
 *   defaults/history.ts    the run history, and who writes it
 *   defaults/eviction.ts   keeping the default storage small
 */
import { CachePolicy, type CacheKeyFn } from "./caching/cache-policy.ts";
import { FlowParametersMember } from "./caching/flow-parameters.ts";
import { InputsMember } from "./caching/inputs.ts";
import { KeyFnMember } from "./caching/key-fn.ts";
import { RunIdMember } from "./caching/run-id.ts";
import { TaskNameMember } from "./caching/task-name.ts";
import { TaskSourceMember } from "./caching/task-source.ts";
import { lockManager, locksOf } from "./defaults/locks.ts";
import { useAcceptedSources } from "./defaults/eviction.ts";
import { recorderOf, recording } from "./defaults/history.ts";
import { resultStore, targetStore } from "./defaults/stores.ts";
import { inProcess } from "./engine/in-process.ts";
import { scopeForRun } from "./engine/scope.ts";
import type { Services } from "./engine/services.ts";
import type { RunContext } from "./engine/views.ts";
import { Watchers } from "./engine/watchers.ts";
import { systemClock } from "./kernel/clock.ts";
import { createLogger } from "./logging/logger.ts";
import { stderrSink } from "./logging/stderr-sink.ts";
import { telemetry } from "./telemetry/telemetry.ts";
import { structured } from "./serializers/structured.ts";

/** The inputs of the call. Alone it holds no task: tasks with equal inputs share records. */
export const INPUTS: CachePolicy = new CachePolicy([new InputsMember()]);
/** The task's name, `version` and own code; comments, formatting and options do not count. */
export const TASK_SOURCE: CachePolicy = new CachePolicy([new TaskSourceMember()]);
/** The flow run, or the task run where there is no flow: records serve one run only. */
export const RUN_ID: CachePolicy = new CachePolicy([new RunIdMember()]);
/** What the surrounding flow was called with. */
export const FLOW_PARAMETERS: CachePolicy = new CachePolicy([new FlowParametersMember()]);
/** The name that the task was given. */
export const TASK_NAME: CachePolicy = new CachePolicy([new TaskNameMember()]);
/** Never a key: no lookup, no record. */
export const NO_CACHE: CachePolicy = new CachePolicy([]);
/** What a task has that asks for no policy: equal calls of the same code are computed once in each run. */
export const DEFAULT: CachePolicy = INPUTS.and(TASK_SOURCE).and(RUN_ID);

/**
 * A policy whose key is what a function returns. Alone, that string is the key itself; joined with others it is a part.
 *
 * @param fn gets the run context and the inputs by parameter name; `undefined` means that the call is not cached
 */
export function cacheKeyFn(fn: CacheKeyFn<RunContext>): CachePolicy {
  return new CachePolicy([new KeyFnMember(fn)]);
}

/** A policy whose key is always this string. */
export function cacheKey(key: string): CachePolicy {
  return cacheKeyFn(() => key);
}

/** What the engine is given. */
export const services: Services = {
  resultStore,
  targetStore,
  locksOf,
  lockManager,
  copier: structured(),
  defaultPolicy: DEFAULT,
  taskRunner: inProcess(),
  clock: systemClock,
  sink: stderrSink(),
  watchers: new Watchers(),
  recorder: recorderOf,
};
services.watchers.add(recording);
services.watchers.add(telemetry);
useAcceptedSources();

export { isGone } from "./io/process-identity.ts";
export { markCrashed } from "./history/crashed.ts";
export { flushHistory, historyOf, readShown } from "./defaults/history.ts";

/** Says something that is not of one run: about a definition, say. */
export function warn(source: string, message: string): void {
  const { settings, sink, clock } = scopeForRun(services);
  createLogger(source, { level: settings.logging.level, sink, clock }).warn(message);
}
