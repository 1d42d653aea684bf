/*
 * DESIGN. All commands, in the order of the help. A group of commands is a file of `commands/`, which declares its words and options,
 * and has a function of (arguments, Terminal) for each. What a command needs is loaded when it runs: help and completion load
 * nothing.
 */
import { Command, CommanderError, type OutputConfiguration } from "commander";
import { type AddCommands, examples } from "./cli.ts";
import { addBlock } from "./commands/block.ts";
import { addCache } from "./commands/cache.ts";
import { addCompletion } from "./commands/completion.ts";
import { addConfig } from "./commands/config.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addFlowRun } from "./commands/flow-run.ts";
import { addInit } from "./commands/init.ts";
import { addProfile } from "./commands/profile.ts";
import { addRun } from "./commands/run.ts";
import { addTaskRun } from "./commands/task-run.ts";
import { addVersion } from "./commands/version.ts";
import { Interrupted } from "./interrupted.ts";
import { exitCodes, writeFailure } from "./output.ts";
import type { Output, Terminal } from "./terminal.ts";
import { paint } from "./text.ts";

const groups: readonly AddCommands[] = [
  ...[addRun, addFlowRun, addTaskRun, addCache, addDoctor],
  ...[addConfig, addProfile, addBlock, addInit, addCompletion, addVersion],
];

/** The whole command line. @param onEnd gets the exit code of the command that ran */
export function makeProgram(terminal: Terminal, onEnd: (code: number) => void = () => {}): Command {
  const program = new Command("oxbow");
  program
    .description("Runs flows and tasks, and looks after their results and their history.")
    .option("--debug", "show all that is known of errors, as OXBOW_DEBUG=1 does")
    .configureOutput(outputs(terminal))
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError("  hint: --help shows what there is")
    .exitOverride();
  const end = async (work: Promise<number | void>): Promise<void> => onEnd((await work) ?? exitCodes.done);
  for (const add of groups) add({ program, terminal, end });
  program.addHelpText(
    "after",
    examples("oxbow run etl.ts --param day=2026-03-01", "oxbow flow-run ls --state FAILED", "oxbow cache stats"),
  );
  return program;
}

/** Runs one command line. Never rejects. @param args without the program @returns the exit code */
export async function runCli(args: readonly string[], given: Terminal): Promise<number> {
  const isDebugging = args.includes("--debug");
  const terminal = isDebugging ? { ...given, env: { ...given.env, OXBOW_DEBUG: "1" } } : given;
  let code: number = exitCodes.done;
  const program = makeProgram(terminal, (ended) => {
    code = ended;
  });
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.misused;
    if (error instanceof Interrupted) {
      terminal.stderr.write(`${error.message}\n`);
      return error.exitCode;
    }
    return writeFailure(terminal, error);
  }
}

function outputs({ stdout, stderr }: Terminal): OutputConfiguration {
  const width = (output: Output): number => (output.isTTY ? Math.min(output.columns, 120) : 100);
  return {
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(text),
    getOutHelpWidth: () => width(stdout),
    getErrHelpWidth: () => width(stderr),
    getOutHasColors: () => stdout.colors,
    getErrHasColors: () => stderr.colors,
    outputError: (text, write) => {
      const words = text.replace(/^error:/, paint(stderr, "red", "error:"));
      write(words.replace(/^\(Did you mean (.*)\?\)$/m, "  hint: did you mean $1?"));
    },
  };
}
