/* What lists of runs can be narrowed down by. */
import { type Command, Option } from "commander";
import type { RunFilter } from "../../history/run-store.ts";
import { type Duration, toMs } from "../../kernel/duration.ts";
import { nearest } from "../../kernel/suggest.ts";
import { misuse, refuseEmpty } from "../output.ts";
import type { Terminal } from "../terminal.ts";

/** The options of {@link withFilters}. */
export interface FilterOptions {
  readonly flow?: string;
  readonly task?: string;
  readonly flowRun?: string;
  readonly state?: string;
  readonly outcome?: RunFilter["outcome"];
  readonly tag?: string;
  readonly since?: string;
  readonly limit?: string;
  readonly json?: true;
}

const outcomes = ["hit", "miss", "refreshed", "uncached", "disabled"] as const;

/** Adds the options that narrow a list of runs down. */
export function withFilters(command: Command, kind: "flow" | "task"): Command {
  if (kind === "flow") command.option("--flow <flow>", "of this flow");
  else {
    command
      .option("--task <task>", "of this task")
      .option("--flow-run <flow-run>", "in this flow run")
      .addOption(new Option("--outcome <outcome>", "where the cache did this").choices(outcomes));
  }
  return command
    .option("--state <state>", "in this state: COMPLETED, FAILED, Cached, …")
    .option("--tag <tag>", "with this tag")
    .option("--since <duration>", 'begun no longer ago than this: "1 day"')
    .option("--limit <number>", "so many at most", "50")
    .option("--json", "as JSON");
}

/** What the options mean. @throws {ConfigurationError} */
export function filterOf(options: FilterOptions, terminal: Terminal): RunFilter {
  refuseEmpty(options);
  const { state, tag, outcome, since } = options;
  return {
    of: options.flow ?? options.task,
    state: state === undefined ? undefined : stateNamed(state),
    tag,
    outcome,
    since: since === undefined ? undefined : terminal.now() - toMs(since as Duration, "--since"),
    limit: numberOf(options.limit ?? "50", "--limit"),
  };
}

/** A whole number from 1. @throws {ConfigurationError} */
export function numberOf(text: string, option: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw misuse(`${option} ${text} is no whole number from 1`);
}

const types = [
  "SCHEDULED",
  "PENDING",
  "RUNNING",
  "COMPLETED",
  "FAILED",
  "CRASHED",
  "CANCELLING",
  "CANCELLED",
  "PAUSED",
];
const names = ["Cached", "RolledBack", "Retrying", "AwaitingRetry", "NotReady", "TimedOut", "Suspended", "Resuming"];

/** A type as such, whichever way it is written; a name of a state with its capitals. */
function stateNamed(text: string): string {
  const all = [...types, ...names];
  const known = all.find((each) => each.toUpperCase() === text.toUpperCase());
  if (known !== undefined) return known;
  const meant = nearest(text, all);
  throw misuse(`There is no state ${text}`, meant ? `did you mean ${meant}?` : `there are ${all.join(", ")}`);
}
