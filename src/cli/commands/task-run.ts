import { type Cli, examples } from "../cli.ts";
import { filterOf, type FilterOptions, numberOf, withFilters } from "../history/filters.ts";
import { say, writeJson } from "../output.ts";
import { readParameters } from "../run/parameters.ts";
import { writePairs, writeTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** `oxbow task-run …` */
export function addTaskRun({ program, terminal, end }: Cli): void {
  const group = program.command("task-run").description("Look at task runs, and run them again");
  const named = "its name, its id, or the beginning of its id";
  withFilters(group.command("ls").description("List task runs, the newest first"), "task")
    .addHelpText("after", examples("oxbow task-run ls --flow-run outgoing-cicada --outcome miss"))
    .action((options: FilterOptions) => end(list(options, terminal)));
  group
    .command("inspect")
    .description("Show a task run: its states, inputs, and what the cache did")
    .argument("<task-run>", named)
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow task-run inspect add-one-d85"))
    .action((run: string, options: JsonOption) => end(inspect(run, options, terminal)));
  group
    .command("logs")
    .description("Show what a task run has said")
    .argument("<task-run>", named)
    .option("--limit <number>", "so many lines at most", "1000")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow task-run logs add-one-d85"))
    .action((run: string, options: LogOptions) => end(logs(run, options, terminal)));
  for (const [name, description] of [
    [
      "retry",
      "Run a task run again, alone, with the inputs that it had: its flow run finds the result when it is resumed",
    ],
    ["resume", "Run a task run that waits for a yes: the same as retry"],
  ] as const) {
    group
      .command(name)
      .description(description)
      .argument("<task-run>", named)
      .argument("[file]", "the file of the task; the history knows it, unless it has moved")
      .option("-p, --param <name=value>", "an input that is another one now", collect, [])
      .option("--json", "each state as a line of JSON as it happens, and the result as the last one")
      .addHelpText("after", examples(`oxbow task-run ${name} add-one-d85`))
      .action((run: string, file: string | undefined, options: RetryOptions) =>
        end(retry(run, file, options, terminal)),
      );
  }
}

interface JsonOption {
  readonly json?: true;
}

interface LogOptions extends JsonOption {
  readonly limit: string;
}

interface RetryOptions extends JsonOption {
  readonly param: readonly string[];
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

const open = (): Promise<typeof import("../history/open.ts")> => import("../history/open.ts");
const show = (): Promise<typeof import("../history/show.ts")> => import("../history/show.ts");

export async function list(options: FilterOptions, terminal: Terminal): Promise<void> {
  const { flowRunNamed, withHistory } = await open();
  const rows = await withHistory(async (store) => {
    const filter = filterOf(options, terminal);
    if (options.flowRun === undefined) return store.taskRuns.list(filter);
    return store.taskRuns.list({ ...filter, flowRunId: (await flowRunNamed(store, options.flowRun)).id });
  });
  const { rowJson, taskRunColumns } = await show();
  if (options.json) writeJson(terminal.stdout, rows.map(rowJson));
  else if (rows.length === 0) say(terminal, "There are no such task runs");
  else await writeTable(terminal.stdout, rows, taskRunColumns(terminal.now()));
}

export async function inspect(run: string, { json }: JsonOption, terminal: Terminal): Promise<void> {
  const { stdout } = terminal;
  const { taskRunNamed, withHistory } = await open();
  const { row, flowRun } = await withHistory(async (store) => {
    const row = await taskRunNamed(store, run);
    return { row, flowRun: row.flowRunId === undefined ? undefined : await store.flowRuns.find(row.flowRunId) };
  });
  const { rowJson, runPairs, shownText } = await show();
  if (json) return writeJson(stdout, rowJson(row));
  writePairs(stdout, [
    ["Task run", row.name],
    ["Task", row.taskName],
    ["Flow run", flowRun?.name ?? row.flowRunId],
    ...runPairs(row, stdout, terminal.now()),
    ["Inputs", shownText(row.inputs)],
    ["Cache", row.outcome === undefined ? undefined : `${row.outcome}: ${row.reason ?? ""}`],
    ["Key", row.key],
    [
      "Of",
      Object.entries(row.components ?? {})
        .map(([name, digest]) => `${name} ${digest}`)
        .join("\n"),
    ],
    ["Stored in", row.persisted ? row.storage : undefined],
    ["Waited for", row.upstream.join(", ")],
  ]);
}

export async function logs(run: string, { limit, json }: LogOptions, terminal: Terminal): Promise<void> {
  const { taskRunNamed, withHistory } = await open();
  const rows = await withHistory(async (store) =>
    store.logs.list((await taskRunNamed(store, run)).id, { limit: numberOf(limit, "--limit") }),
  );
  if (json) return writeJson(terminal.stdout, rows);
  if (rows.length === 0) say(terminal, "It has said nothing, or nothing that history.logLevel keeps");
  (await show()).writeLog(terminal.stdout, rows);
}

export async function retry(
  run: string,
  file: string | undefined,
  options: RetryOptions,
  terminal: Terminal,
): Promise<number> {
  const { taskRunNamed, withHistory } = await open();
  const { row, known } = await withHistory(async (store) => {
    const found = await taskRunNamed(store, run);
    const around = found.flowRunId === undefined ? undefined : await store.flowRuns.find(found.flowRunId);
    return { row: found, known: (await store.taskSources.list(found.taskName))[0]?.file ?? around?.file };
  });
  const { findAgain } = await import("../history/going-on.ts");
  const found = await findAgain({ kind: "task", name: row.taskName, given: file, known }, terminal);
  if (typeof found === "number" || found.kind !== "task") return found as number;
  const [{ retryTaskRun }, { follow }] = await Promise.all([
    import("../../authoring/resume.ts"),
    import("../run/follow.ts"),
  ]);
  const inputs = readParameters(options.param, undefined, terminal.cwd);
  const call = (): ReturnType<typeof retryTaskRun> => retryTaskRun(found.task, row.id, { inputs });
  return follow(call, { title: `Task "${row.taskName}"`, json: options.json === true }, terminal);
}
