/*
 * DESIGN. Input caching: a run that will have to run again (it awaits a retry, is suspended, has failed) keeps its resolved
 * inputs in the default result storage, so that it can be run again alone, in another process. What the settings call secret
 * is never kept; when the run has completed, its inputs go.
 */
import { mayWrite } from "../kernel/cache-mode.ts";
import { describeError } from "../kernel/errors.ts";
import type { ResultStore } from "../results/result-store.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import { modeAround } from "./cache-plan.ts";
import { holdsSecret, isSecret, secretsOf } from "./recorder/shown.ts";
import type { Run } from "./run.ts";
import { sayOnce } from "./say-once.ts";
import type { FlowRun } from "./flow-run.ts";
import type { TaskRun } from "./task-run.ts";

/** The key under which the inputs of a run are kept. */
export function inputsKey(runId: string): string {
  return `inputs/${runId}`;
}

/**
 * Keeps the inputs of a run. Never rejects: what cannot be kept is said.
 *
 * @param anew whether what was kept before is replaced
 */
export async function keepInputs(run: TaskRun | FlowRun, anew = false): Promise<void> {
  const { history, tasks } = run.settings;
  if (!history.enabled || (run.keptInputs !== undefined && !anew)) return;
  // Where nothing is to be stored, inputs are not either.
  if (tasks.disableCaching || !mayWrite(modeAround(run))) return;
  const secrets = secretsOf(history.redact);
  const isKept = ([name, value]: [string, unknown]): boolean =>
    !isSecret(name, secrets) && !holdsSecret(value, secrets);
  try {
    const kept = Object.fromEntries(Object.entries(run.given).filter(isKept));
    const store = await storeOf(run);
    const key = inputsKey(run.id);
    const now = run.clock.now();
    const { name: taskName, tags } = run.subject;
    const origin = { taskName, taskRunId: run.id, durationMs: 0, tags, components: {} };
    await store.save({ text: `=${key}`, value: key }, kept, origin, now, { expiresAt: now + history.retention });
    run.keptInputs = key;
  } catch (error) {
    sayOnce(run, "warn", `The inputs could not be kept for another run: ${describeError(error)}`, error);
  }
}

/** Removes what was kept: the run has completed. */
export async function dropInputs(run: TaskRun | FlowRun): Promise<void> {
  const key = run.keptInputs;
  if (key === undefined) return;
  run.keptInputs = undefined;
  try {
    await (await storeOf(run)).delete(key);
  } catch {
    // It expires by itself.
  }
}

/** What a run kept. @throws {MissingResultError} where it is not there @throws {StorageError} */
export async function keptInputs(store: ResultStore, runId: string): Promise<Record<string, unknown>> {
  return (await store.read(inputsKey(runId))) as Record<string, unknown>;
}

function storeOf({ services, settings }: Run): Awaitable<ResultStore> {
  return services.resultStore(settings, { storage: undefined, keyStorage: undefined, serializer: undefined });
}
