/*
 * DESIGN. Tasks with `trigger: "manual"`: somebody has to say yes before the body is called. A hit needs no yes. At a terminal
 * the question is asked there; elsewhere the flow run is suspended, and who resumes it has said yes.
 */
import { createInterface } from "node:readline/promises";
import { encode, hashText } from "../hashing/encode.ts";
import { CancelledError } from "../kernel/errors.ts";
import { answerOrAsk, historyOf, suspended } from "./pause.ts";
import type { TaskRun } from "./task-run.ts";

/** Comes back when somebody has said yes. @throws {SuspendedError} where nobody has @throws {CancelledError} where it was a no */
export async function approved(run: TaskRun): Promise<void> {
  const { task } = run;
  const flowRun = run.flowRun?.outermost;
  const text = `start task '${task.name}'${inputsOf(run)}?`;
  if (!flowRun) throw suspended(run, text);
  const call = `trigger:${task.name}:${await digestOf(run)}`;
  const name = `${call}:${flowRun.nextTrigger(call)}`;
  if (!isTerminal()) {
    const answer = await answerOrAsk(flowRun, { name, text, timeoutMs: undefined, input: undefined });
    if (answer === undefined) throw suspended(run, text);
    if (answer === true) return;
    throw new CancelledError(`Somebody answered ${JSON.stringify(answer)} to: ${text}`, {
      hint: "only true is a yes; a new run of the flow asks again",
    });
  }
  const store = await historyOf(run);
  const now = run.clock.now();
  const { answer } = await store.questions.ask({ flowRunId: flowRun.id, name, askedAt: now, text });
  if (answer === "true") return;
  if (!(await askAtTerminal(run, text))) throw suspended(run, text);
  await store.questions.answer(flowRun.id, name, "true", run.clock.now());
}

/** The yes is for this very call, whichever calls were made before it. */
async function digestOf({ cached, given }: TaskRun): Promise<string> {
  if (cached) return hashText(cached.key.value).slice(0, 16);
  try {
    return hashText(await encode(given, "inputs")).slice(0, 16);
  } catch {
    return "call";
  }
}

const longestInputs = 120;

function inputsOf({ note, given }: TaskRun): string {
  if (Object.keys(given).length === 0 || !note) return "";
  const { json } = note.shown;
  return ` with ${json.length > longestInputs ? `${json.slice(0, longestInputs)}…` : json}`;
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
