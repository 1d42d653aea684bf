/*
 * DESIGN. What commands have in common: exit codes, JSON, errors.
 *
 *   0  done; the run completed
 *   1  it failed: the run, the check, or what was asked for is not there
 *   2  it was asked for wrongly: an option, a setting, a parameter
 *   3  the run is paused or suspended
 *   130, 143  ended by SIGINT, SIGTERM
 */
import { inspect } from "node:util";
import { ConfigurationError, hintOf, messageOf } from "../kernel/errors.ts";
import type { State } from "../states/state.ts";
import type { Output, Terminal } from "./terminal.ts";
import { paint, severalLines } from "./text.ts";

export const exitCodes = { done: 0, failed: 1, misused: 2, paused: 3, interrupted: 130 } as const;

/** Writes one JSON document. */
export function writeJson(output: Output, value: unknown): void {
  output.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Writes one line of JSON. */
export function writeJsonLine(output: Output, value: unknown): void {
  output.write(`${JSON.stringify(value)}\n`);
}

/** Says that something cannot be done, and what can. @returns the exit code */
export function refuse(terminal: Terminal, message: string, hint?: string): number {
  writeError(terminal.stderr, message, hint);
  return exitCodes.failed;
}

/** Says something beside what was asked for. */
export function say(terminal: Terminal, text: string): void {
  terminal.stderr.write(`${text}\n`);
}

/** What was asked for cannot mean anything; the exit code is 2. */
export function misuse(message: string, hint?: string): ConfigurationError {
  return new ConfigurationError("OXBOW_OPTION_INVALID", message, hint === undefined ? {} : { hint });
}

/** An option without a text is a variable of a script that nobody has set. @throws {ConfigurationError} */
export function refuseEmpty(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== "") continue;
    const option = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw misuse(`--${option} is empty`, "leave it out, or say what is meant");
  }
}

/** Whether errors are shown with all that is known of them. */
export function isDebugging({ env }: Terminal): boolean {
  const value = env["OXBOW_DEBUG"];
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}

/** Shows what a command threw, in a line or two. @returns the exit code */
export function writeFailure(terminal: Terminal, error: unknown): number {
  const { stderr } = terminal;
  if (isDebugging(terminal)) stderr.write(`${inspect(error, { depth: 5, colors: stderr.colors })}\n`);
  else
    writeError(
      stderr,
      messageOf(error),
      hintOf(error) ?? (isOurs(error) ? undefined : "--debug shows where it comes from"),
    );
  return error instanceof ConfigurationError ? exitCodes.misused : exitCodes.failed;
}

function isOurs(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("OXBOW_");
}

function writeError(output: Output, message: string, hint: string | undefined): void {
  output.write(`${paint(output, "red", "error:")} ${severalLines(message)}\n`);
  if (hint !== undefined) output.write(`  hint: ${severalLines(hint)}\n`);
}

/** The exit code that a run ends with. */
export function exitCodeOf(state: State): number {
  if (state.isCompleted) return exitCodes.done;
  return state.isFinal ? exitCodes.failed : exitCodes.paused;
}
