import type { StandardSchemaV1 } from "@standard-schema/spec";
import { toMs, type Duration } from "../kernel/duration.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { answerOrSuspend, type Pause, waitForAnswer } from "../engine/pause.ts";
import type { FlowRun } from "../engine/flow-run.ts";
import { currentScope } from "../engine/scope.ts";

/** How a flow run waits for somebody. */
export interface PauseOptions<S extends StandardSchemaV1 = StandardSchemaV1> {
  /** What is asked, for people. @default "go on?" */
  readonly message?: string;
  /** A Standard Schema for the answer; what it makes of it is returned. An answer that it refuses is asked for again. @default none */
  readonly input?: S;
  /** After so long without an answer the run fails with a {@link TimeoutError}; of a suspended run, when it is resumed. @default "1 hour" */
  readonly timeout?: Duration;
  /** Names the question where its place in the order is no name: in loops, say. @default its place in the order */
  readonly key?: string;
}

/**
 * Stays where it is until somebody answers: `oxbow flow-run resume RUN --input '{"go": true}'`.
 *
 * @returns the answer; without `input`, what was given, or `true`
 * @throws {TimeoutError} where nobody answers in time
 * @throws {ConfigurationError} outside a flow, in a task, or where runs are not recorded
 * @example
 * const publish = flow("publish", async (draft: string) => {
 *   const { approved } = await pauseFlowRun({ message: "publish?", input: z.object({ approved: z.boolean() }) });
 *   if (approved) await upload(draft);
 * });
 */
export async function pauseFlowRun<S extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>>(
  options: PauseOptions<S> = {},
): Promise<StandardSchemaV1.InferOutput<S>> {
  const run = flowRunToPause("pauseFlowRun()");
  return waitForAnswer(run, pauseOf(run, options));
}

/**
 * Ends the flow run as `Suspended`; the process may end. `oxbow flow-run resume RUN` calls the flow again, with the same run id:
 * tasks whose results are stored are hits, and this call returns the answer.
 *
 * @returns the answer, when the run has been resumed; without `input`, what was given, or `true`
 * @throws {SuspendedError} until then: let it pass
 * @throws {TimeoutError} where the run was resumed too late
 * @throws {ConfigurationError} outside a flow, in a task, or where runs are not recorded
 */
export async function suspendFlowRun<S extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>>(
  options: PauseOptions<S> = {},
): Promise<StandardSchemaV1.InferOutput<S>> {
  const run = flowRunToPause("suspendFlowRun()");
  return answerOrSuspend(run, pauseOf(run, options));
}

function flowRunToPause(called: string): FlowRun {
  const scope = currentScope();
  if (scope?.flowRun && !scope.taskRun && !scope.flowRun.around) return scope.flowRun;
  const where = scope?.taskRun ? "a task" : scope?.flowRun ? "a flow inside another run" : "no flow run";
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `${called} was called in ${where}`, {
    hint: "call it in the body of the outermost flow",
  });
}

function pauseOf(run: FlowRun, { message = "go on?", input, timeout = "1 hour", key }: PauseOptions): Pause {
  const name = key === undefined ? run.nextPause() : `pause ${key}`;
  return { name, text: message, timeoutMs: toMs(timeout, "timeout"), input };
}
