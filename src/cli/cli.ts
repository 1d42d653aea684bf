/* What a file of commands needs to declare them. */
import type { Command } from "commander";
import type { Terminal } from "./terminal.ts";

/** What a group of commands is given. */
export interface Cli {
  readonly program: Command;
  readonly terminal: Terminal;
  /** Notes what a command ends with: the exit code, or nothing for 0. */
  end(work: Promise<number | void>): Promise<void>;
}

/** Adds commands to the program. */
export type AddCommands = (cli: Cli) => void;

/** The end of a help text. */
export function examples(...lines: readonly string[]): string {
  return `\n${lines.length === 1 ? "Example" : "Examples"}:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;
}
