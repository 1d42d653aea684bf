/*
 * DESIGN. Tasks with `trigger: "manual"`: somebody has to say yes before the body is called. A hit needs no yes. At a terminal
 * the question is asked there; elsewhere the flow run is suspended, and who resumes it has said yes.
 */
import { createInterface } from "node:readline/promises";
import { answerOrSuspend, historyOf, suspended } from "./pause.ts";
import type { TaskRun } from "./task-run.ts";

/** Comes back when somebody has said yes. @throws {SuspendedError} where nobody has */
export async function approved(run: TaskRun): Promise<void> {
  const { flowRun, task } = run;
  const text = `start task '${task.name}'?`;
  const name = `trigger:${task.name}:${flowRun?.nextTrigger(task.name) ?? 1}`;
  if (!flowRun || !isTerminal()) {
    if (!flowRun) throw suspended(run, text);
    try {
      await answerOrSuspend(flowRun, { name, text, timeoutMs: undefined, input: undefined });
    } finally {
      run.suspension = flowRun.suspension;
    }
    return;
  }
  const store = await historyOf(run);
  const now = run.clock.now();
  const { answer } = await store.questions.ask({ flowRunId: flowRun.id, name, askedAt: now, text });
  if (answer !== undefined) return;
  if (!(await askAtTerminal(run, text))) throw suspended(run, text);
  await store.questions.answer(flowRun.id, name, "true", run.clock.now());
}

function isTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY && !process.env["CI"];
}

let turn: Promise<unknown> = Promise.resolve();

/** One question at a time, whichever task asks. */
function askAtTerminal(run: TaskRun, text: string): Promise<boolean> {
  const asked = turn.then(async () => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const stop = run.watch(() => terminal.close());
    try {
      const answer = await terminal.question(`${run.label}: ${text} [y/N] `);
      return /^y(es)?$/i.test(answer.trim());
    } catch {
      return false;
    } finally {
      stop();
      terminal.close();
    }
  });
  turn = asked.catch(() => undefined);
  return asked;
}
