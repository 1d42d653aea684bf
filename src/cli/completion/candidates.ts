/*
 * DESIGN. What may stand at the end of a line is asked of the program itself, at each press of the key, so that it cannot be anything
 * else than what the program understands. Names of things (profiles, blocks, runs) are looked up by the name of the argument.
 */
import type { Argument, Command, Option } from "commander";

/** One word that may stand there. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** Finds the things that an argument or an option may name: by `profile`, `flow-run`, …. */
export type FindNames = (what: string) => Promise<readonly string[]>;

/**
 * The words that may stand at the end of a line. Where a file may stand there is none: shells know files.
 *
 * @param line the command line up to the cursor, the program included
 */
export async function candidates(program: Command, line: string, names: FindNames): Promise<readonly Candidate[]> {
  const words = wordsOf(line).slice(1);
  const last = words.pop() ?? "";
  const { command, option, position } = walk(program, words);
  const all = await possible(program, command, option, position, last, names);
  const fitting = new Map(all.filter(({ word }) => word.startsWith(last)).map((each) => [each.word, each]));
  return [...fitting.values()];
}

interface Place {
  readonly command: Command;
  /** The option whose value comes next. */
  readonly option: Option | undefined;
  /** How many arguments came before. */
  readonly position: number;
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  let option: Option | undefined;
  let position = 0;
  for (const word of words) {
    if (option) option = undefined;
    else if (word.startsWith("-")) {
      const found = optionsOf(program, command).find(({ long, short }) => word === long || word === short);
      option = found?.required ? found : undefined;
    } else {
      const inner = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
      if (inner) [command, position] = [inner, 0];
      else position += 1;
    }
  }
  return { command, option, position };
}

async function possible(
  program: Command,
  command: Command,
  option: Option | undefined,
  position: number,
  last: string,
  names: FindNames,
): Promise<readonly Candidate[]> {
  const plain = (words: readonly string[]): readonly Candidate[] => words.map((word) => ({ word, description: "" }));
  if (option) return plain(await valuesOf(option, names));
  const equals = last.indexOf("=");
  if (last.startsWith("--") && equals > 0) {
    const flag = last.slice(0, equals);
    const meant = optionsOf(program, command).find(({ long }) => long === flag);
    return meant ? plain((await valuesOf(meant, names)).map((value) => `${flag}=${value}`)) : [];
  }
  if (last.startsWith("-")) {
    return optionsOf(program, command).map(({ long, short, description }) => ({
      word: long ?? short ?? "",
      description,
    }));
  }
  const commands = command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ word: each.name(), description: each.description() }));
  const args = command.registeredArguments;
  const argument = args[position] ?? (args.at(-1)?.variadic ? args.at(-1) : undefined);
  return [...commands, ...plain(argument ? await argumentValues(argument, names) : [])];
}

function optionsOf(program: Command, command: Command): readonly Option[] {
  const own = command.createHelp().visibleOptions(command);
  return command === program ? own : [...own, ...program.options.filter(({ long }) => long !== "--version")];
}

/** `--flow <flow>` names a flow, `--cache-mode` one of its choices. */
async function valuesOf({ argChoices, flags }: Option, names: FindNames): Promise<readonly string[]> {
  return argChoices ?? names(/<([^>.]+)/.exec(flags)?.[1] ?? "");
}

async function argumentValues(argument: Argument, names: FindNames): Promise<readonly string[]> {
  return argument.argChoices ?? names(argument.name());
}

/** Words as a shell sees them, quotes taken off; the last one is empty where the line ends in a space. */
export function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:"[^"]*"?|'[^']*'?|\\.|[^\s"'\\])+/g)].map(([word]) =>
    word.replaceAll(/["']|\\(?=.)/g, ""),
  );
  return /\s$/.test(line) ? [...words, ""] : words;
}
