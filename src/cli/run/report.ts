/* What is said of a run: its states as they happen, and how it ended. */
import { inspect } from "node:util";
import { FlowRun } from "../../engine/flow-run.ts";
import { TaskRun } from "../../engine/task-run.ts";
import type { RunWatcher, WatchedRun } from "../../engine/watchers.ts";
import { describeError, hintOf } from "../../kernel/errors.ts";
import { json } from "../../serializers/json.ts";
import type { State } from "../../states/state.ts";
import { exitCodeOf, isDebugging, refuse, say, writeJsonLine } from "../output.ts";
import type { Output, Terminal } from "../terminal.ts";
import { placeOf } from "./import-failure.ts";

/** Writes each state of each run as a line of JSON. */
export function stateLines(stdout: Output): RunWatcher {
  return {
    entered(run, state) {
      writeJsonLine(stdout, { event: "state", ...subjectOf(run), ...stateOf(state) });
    },
  };
}

function subjectOf(run: WatchedRun): object {
  const { id, name } = run;
  if (run instanceof FlowRun) return { kind: "flow-run", id, name, flow: run.flow.name };
  if (!(run instanceof TaskRun)) return { id, name };
  return { kind: "task-run", id, name, task: run.task.name, flowRunId: run.flowRun?.id };
}

function stateOf(state: State): object {
  const { type, name, timestamp, message, decision } = state;
  const error =
    state.isFinal && !state.isCompleted && state.error !== undefined ? describeError(state.error) : undefined;
  return { type, state: name, timestamp, message, error, decision };
}

/** Says how a run ended: its result on stdout, or what went wrong on stderr. @returns the exit code */
export function reportEnd(what: string, state: State, asJson: boolean, terminal: Terminal): number {
  const { stdout } = terminal;
  if (asJson) {
    stdout.write(`{"event":"result",${JSON.stringify(stateOf(state)).slice(1, -1)}${resultJson(state)}}\n`);
    return exitCodeOf(state);
  }
  if (state.isCompleted) {
    const value = state.result();
    if (value !== undefined)
      stdout.write(
        `${inspect(value, { depth: 10, maxArrayLength: 1000, maxStringLength: 100_000, colors: stdout.colors })}\n`,
      );
  } else if (state.isFinal) {
    return sayFailure(what, state, terminal);
  } else {
    say(terminal, `${what} is in state ${state}`);
  }
  return exitCodeOf(state);
}

function sayFailure(what: string, state: State, terminal: Terminal): number {
  const { error } = state;
  if (isDebugging(terminal) && error !== undefined) say(terminal, inspect(error, { colors: terminal.stderr.colors }));
  if (error === undefined) return refuse(terminal, `${what} ended in state ${state}`);
  const place = placeOf(error);
  const said = place ? `${describeError(error)} (${place})` : describeError(error);
  return refuse(terminal, `${what} ${state.isCancelled ? "was cancelled" : "failed"}: ${said}`, hintOf(error));
}

/** A result as the serializer `json` writes it, which knows dates, maps and bigints; what that cannot write, as text. */
function resultJson(state: State): string {
  if (!state.isCompleted) return "";
  const value = state.result();
  if (value === undefined) return "";
  try {
    const [text, ...bytes] = json().serialize(value) as readonly Uint8Array[];
    if (bytes.length === 0) return `,"value":${Buffer.from(text!).toString()}`;
  } catch {
    // It is said as text.
  }
  return `,"inspected":${JSON.stringify(inspect(value))}`;
}
