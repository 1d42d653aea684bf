import { Option } from "commander";
import type { CacheMode } from "../../kernel/cache-mode.ts";
import type { State } from "../../states/state.ts";
import type { SettingsOverrides } from "../../settings/settings.ts";
import { type Cli, examples } from "../cli.ts";
import { misuse } from "../output.ts";
import { argumentsFor, readParameters } from "../run/parameters.ts";
import type { Found } from "../run/target.ts";
import { needsRestart, restart } from "../run/type-stripping.ts";
import type { Terminal } from "../terminal.ts";

/** `oxbow run` */
export function addRun({ program, terminal, end }: Cli): void {
  program
    .command("run")
    .description("Run a flow or a task of a file, in TypeScript or JavaScript")
    .argument("<file[:export]>", "the file, and which flow of it where it exports several")
    .option("-p, --param <name=value>", "a parameter, as JSON or else as text; @file is what a file holds", collect, [])
    .option("--params-json <object>", "parameters as one JSON object, or @file")
    .option("--plan", "run nothing: show what the cache would do for each task")
    .option("--refresh", "compute anew and overwrite what is stored")
    .option("--no-cache", "look nothing up and store nothing")
    .addOption(
      new Option("--cache-mode <mode>", "what may be done with stored results").choices([
        "read-write",
        "read-only",
        "write-only",
        "off",
      ]),
    )
    .option("--concurrency <number>", "how many submitted tasks run at once")
    .addOption(
      new Option("--log-level <level>", "the least severe level that is logged").choices([
        "debug",
        "info",
        "warn",
        "error",
        "off",
      ]),
    )
    .option("--json", "each state as a line of JSON as it happens, and the result as the last one")
    .addHelpText(
      "after",
      examples(
        "oxbow run etl.ts",
        "oxbow run etl.ts:nightly --param day=2026-03-01 --param limit=10",
        "oxbow run etl.ts --plan",
        "oxbow run etl.ts --json | jq -c 'select(.event == \"result\")'",
      ) + codes,
    )
    .action((target: string, options: RunOptions) => end(run(target, options, terminal)));
}

const codes = `
Exit codes:
  0 completed, 1 failed, 2 asked for wrongly, 3 paused or suspended, 130 and 143 ended by a signal
`;

interface RunOptions extends ScopeOptions {
  readonly param: readonly string[];
  readonly paramsJson?: string;
  readonly plan?: true;
  readonly json?: true;
}

interface ScopeOptions {
  readonly refresh?: true;
  readonly cache: boolean;
  readonly cacheMode?: CacheMode;
  readonly concurrency?: string;
  readonly logLevel?: "debug" | "info" | "warn" | "error" | "off";
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

export async function run(text: string, options: RunOptions, terminal: Terminal): Promise<number> {
  const { find, targetOf } = await import("../run/target.ts");
  const target = targetOf(text, terminal.cwd);
  if (needsRestart(target.path)) return restart();
  const values = readParameters(options.param, options.paramsJson, terminal.cwd);
  const found = await find(target);
  const { definition } = found;
  const args = argumentsFor(definition.name, definition.parameters(), values);
  const settings = overridesOf(options);
  if (options.plan) {
    const { showPlan } = await import("../run/plan.ts");
    return showPlan(found, args, settings, options.json === true, terminal);
  }
  const { follow } = await import("../run/follow.ts");
  const title = `${found.kind === "flow" ? "Flow" : "Task"} "${definition.name}"`;
  const call = (): Promise<State> => start(found, args);
  return follow(call, { title, settings, json: options.json === true }, terminal);
}

function start(found: Found, args: readonly unknown[]): Promise<State> {
  return found.kind === "flow" ? found.flow.run(...(args as never[])) : found.task.run(...(args as never[]));
}

function overridesOf({ refresh, cache, cacheMode, concurrency, logLevel }: ScopeOptions): SettingsOverrides {
  if (concurrency !== undefined && !/^[1-9]\d{0,8}$/.test(concurrency))
    throw misuse(`--concurrency ${concurrency} is no whole number from 1`);
  return {
    tasks: {
      refreshCache: refresh,
      disableCaching: cache ? undefined : true,
      concurrency: concurrency === undefined ? undefined : Number(concurrency),
    },
    caching: { mode: cacheMode },
    logging: { level: logLevel },
  };
}
