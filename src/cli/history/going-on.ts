/* Going on with runs of the history: finding the code that they are runs of. */
import { hintOfOtherCopy } from "../local-copy.ts";
import { misuse } from "../output.ts";
import { exportsOf, type Found, targetOf } from "../run/target.ts";
import { needsRestart, restart } from "../run/type-stripping.ts";
import type { Terminal } from "../terminal.ts";

/** What is to be found. */
export interface Wanted {
  readonly kind: "flow" | "task";
  readonly name: string;
  /** The file, where somebody named one. */
  readonly given: string | undefined;
  /** The file that the history knows. */
  readonly known: string | undefined;
}

/**
 * Imports the file of a run.
 *
 * @param otherwise what can be done where the file does not export it
 * @returns the flow or the task; the exit code where another process has done the whole command
 * @throws {ConfigurationError} where the file is not known, not there, or does not export it
 */
export async function findAgain(wanted: Wanted, terminal: Terminal, otherwise = ""): Promise<Found | number> {
  const { kind, name, given, known } = wanted;
  const file = given ?? known;
  if (file === undefined)
    throw misuse(`The history does not know the file of ${kind} "${name}"`, "name the file as well");
  const { path } = targetOf(file, terminal.cwd);
  if (needsRestart(path)) return restart();
  const found = (await exportsOf(path)).find((each) => each.kind === kind && each.definition.name === name);
  if (found) return found;
  throw misuse(
    `${path} exports no ${kind} "${name}"`,
    hintOfOtherCopy(path) ?? (otherwise || "export it, or name the file that does"),
  );
}
