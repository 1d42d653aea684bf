/*
 * DESIGN. Runs that wait for somebody.
 *
 *   pause     the run stays where it is, and looks every second whether there is an answer
 *   suspend   the run ends as Suspended; who resumes it gives the answer, and calls the flow again with the same run id: what is
 *             stored is found, and the same question has an answer now
 *
 * Questions and answers are in the run history, under the run's id and the question's name, so any process can give one.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ConfigurationError, SuspendedError, TimeoutError, ValidationError } from "../kernel/errors.ts";
import type { Question, RunStore } from "../history/run-store.ts";
import { sleep } from "../kernel/clock.ts";
import { formatMs } from "../kernel/duration.ts";
import { paused, resuming } from "../states/transitions.ts";
import type { FlowRun } from "./flow-run.ts";
import type { Run } from "./run.ts";
import { validate } from "./validation.ts";

/** What a run waits for. */
export interface Pause {
  /** Equal ones are one question, also when the run is resumed. */
  readonly name: string;
  /** What is asked, for people. */
  readonly text: string;
  readonly timeoutMs: number | undefined;
  /** What the answer has to be. */
  readonly input: StandardSchemaV1 | undefined;
}

/** How often a paused run looks for its answer, in milliseconds. */
const pollMs = 1000;

/** Stays until there is an answer. @throws {TimeoutError} where there is none in time */
export async function waitForAnswer(run: FlowRun, pause: Pause): Promise<unknown> {
  if (run.planner) return run.planner.never();
  const store = await historyOf(run);
  let question = await ask(store, run, pause);
  if (question.answer === undefined) {
    run.openPauses += 1;
    if (run.openPauses === 1) run.enter(paused(run.now(), "Paused", pause.text));
    run.logger.info(`Paused: ${pause.text} To go on: oxbow flow-run resume ${run.name}`);
    try {
      question = await poll(store, run, question);
    } finally {
      run.openPauses -= 1;
    }
    if (run.openPauses === 0) run.enter(resuming(run.now()));
  }
  return answerTo(store, run, pause, question, waitForAnswer);
}

/** The answer to a question of a flow run, which is asked where it was not; `undefined` where there is none yet. */
export async function answerOrAsk(run: FlowRun, pause: Pause): Promise<unknown> {
  const { answer } = await ask(await historyOf(run), run, pause);
  return answer === undefined ? undefined : (JSON.parse(answer) as unknown);
}

/** Gives the answer, where there is one. @throws {SuspendedError} where there is none yet */
export async function answerOrSuspend(run: FlowRun, pause: Pause): Promise<unknown> {
  if (run.planner) return run.planner.never();
  const store = await historyOf(run);
  const question = await ask(store, run, pause);
  if (question.answer === undefined) throw suspended(run, pause.text);
  return answerTo(store, run, pause, question, answerOrSuspend);
}

/** Marks a run, and the flow runs around it, as waiting. @returns what ends their bodies */
export function suspended(run: Run, text: string): SuspendedError {
  const error = new SuspendedError(`${run.label} is suspended: ${text}`, text);
  run.suspension ??= error;
  let flowRun = (run as { readonly flowRun?: FlowRun }).flowRun;
  for (; flowRun; flowRun = flowRun.parent) flowRun.suspension ??= error;
  return error;
}

/** A question of the same name and other words is another one: the code has changed since, or takes another way. */
async function ask(store: RunStore, run: Run, { name, text, timeoutMs }: Pause): Promise<Question> {
  const askedAt = run.clock.now();
  const deadline = timeoutMs === undefined ? undefined : askedAt + timeoutMs;
  const asked = { flowRunId: run.id, name, askedAt, deadline, text };
  const found = await store.questions.ask(asked);
  const question = found.text === text ? found : await store.questions.ask({ ...asked, name: `${name} ${text}` });
  if (question.answer === undefined) checkTime(run, question);
  return question;
}

async function poll(store: RunStore, run: Run, { name }: Question): Promise<Question> {
  for (;;) {
    const waiting = new AbortController();
    const unwatch = run.watch((reason) => waiting.abort(reason));
    await sleep(run.clock, pollMs, waiting.signal).finally(unwatch);
    const question = (await store.questions.list(run.id)).find((each) => each.name === name);
    if (run.ended()) throw run.ended()!.error;
    if (question?.answer !== undefined) return question;
    if (question) checkTime(run, question);
  }
}

function checkTime(run: Run, { askedAt, deadline, text }: Question): void {
  if (deadline === undefined || run.clock.now() < deadline) return;
  throw new TimeoutError(`Nobody answered within ${formatMs(deadline - askedAt)}: ${text}`);
}

/** An answer that the schema refuses is asked for again, under a name of its own. */
async function answerTo(
  store: RunStore,
  run: FlowRun,
  pause: Pause,
  { answer }: Question,
  again: (run: FlowRun, pause: Pause) => Promise<unknown>,
): Promise<unknown> {
  const value: unknown = JSON.parse(answer!);
  if (!pause.input) return value;
  try {
    return await validate(pause.input, value, "the answer");
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    run.logger.warn(`The answer was refused: ${error.issues.join("; ")}`);
    const text = `${pause.text.replace(/ \(refused: .*\)$/s, "")} (refused: ${error.issues.join("; ")})`;
    return again(run, { ...pause, name: `${pause.name}'`, text });
  }
}

/** The history of a run. @throws {ConfigurationError} where the settings want none */
export async function historyOf(run: Run): Promise<RunStore> {
  const recorder = run.services.recorder(run.settings);
  if (recorder) return recorder.store();
  throw new ConfigurationError("OXBOW_SETTING_INVALID", "A run can wait for an answer only where runs are recorded", {
    hint: "set history.enabled (OXBOW_HISTORY_ENABLED=true)",
  });
}
