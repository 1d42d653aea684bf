/* Questions, asked on stderr of whoever sits there. */
import { Interrupted } from "./interrupted.ts";
import { misuse } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Whether to go on.
 *
 * @param yes what the option `--yes` says
 * @throws {ConfigurationError} where nobody is there to ask and `yes` was not said
 */
export async function confirm(terminal: Terminal, question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes) return true;
  if (!terminal.person)
    throw misuse(`${question} Nobody is there to ask`, "say --yes, or --dry-run to see what would happen");
  const clack = await import("@clack/prompts");
  return answer(await clack.confirm({ message: question, initialValue: false, ...terminal.person }));
}

/** A line of text; the default where nobody is there, or `yes` was said. */
export async function ask(
  terminal: Terminal,
  question: string,
  initial: string,
  yes: boolean | undefined,
): Promise<string> {
  if (yes || !terminal.person) return initial;
  const clack = await import("@clack/prompts");
  const given = await clack.text({
    message: question,
    placeholder: initial,
    defaultValue: initial,
    ...terminal.person,
  });
  return answer(given) || initial;
}

function answer<T>(given: T): Exclude<T, symbol> {
  // What clack gives for Ctrl-C.
  if (typeof given === "symbol") throw new Interrupted("SIGINT", "Nothing was done");
  return given as Exclude<T, symbol>;
}
