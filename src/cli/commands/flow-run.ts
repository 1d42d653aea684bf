import type { Command } from "commander";
import { type Cli, examples } from "../cli.ts";
import { filterOf, type FilterOptions, numberOf, withFilters } from "../history/filters.ts";
import { exitCodes, misuse, refuse, say, writeJson } from "../output.ts";
import { confirm } from "../prompts.ts";
import { readParameters } from "../run/parameters.ts";
import { writePairs, writeTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { count } from "../text.ts";

/** `oxbow flow-run …` */
export function addFlowRun({ program, terminal, end }: Cli): void {
  const group = program.command("flow-run").description("Look at flow runs, and go on with them");
  withFilters(group.command("ls").description("List flow runs, the newest first"), "flow")
    .addHelpText("after", examples("oxbow flow-run ls --flow etl --state FAILED --since '1 day'"))
    .action((options: FilterOptions) => end(list(options, terminal)));
  group
    .command("inspect")
    .description("Show a flow run: its states, parameters, task runs, and what it waits for")
    .argument("<flow-run>", "its name, its id, or the beginning of its id")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow flow-run inspect outgoing-cicada"))
    .action((run: string, options: JsonOption) => end(inspect(run, options, terminal)));
  group
    .command("logs")
    .description("Show what a flow run and its task runs have said")
    .argument("<flow-run>", "its name, its id, or the beginning of its id")
    .option("--limit <number>", "so many lines at most", "1000")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow flow-run logs outgoing-cicada"))
    .action((run: string, options: LogOptions) => end(logs(run, options, terminal)));
  addGoingOn(group, { terminal, end });
  group
    .command("cancel")
    .description("Ask the process of a flow run to cancel it")
    .argument("<flow-run>", "its name, its id, or the beginning of its id")
    .addHelpText("after", examples("oxbow flow-run cancel outgoing-cicada"))
    .action((run: string) => end(cancel(run, terminal)));
  group
    .command("delete")
    .description("Remove flow runs from the history, with their task runs; results stay")
    .argument("<flow-run...>", "names or ids")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", examples("oxbow flow-run delete outgoing-cicada --yes"))
    .action((runs: string[], options: { readonly yes?: true }) => end(remove(runs, options, terminal)));
}

function addGoingOn(group: Command, { terminal, end }: Pick<Cli, "terminal" | "end">): void {
  group
    .command("retry")
    .description("Run a flow run again that failed, crashed or was cancelled: what is stored is not computed again")
    .argument("<flow-run>", "its name, its id, or the beginning of its id")
    .argument("[file]", "the file of the flow; the history knows it, unless it has moved")
    .option("--from <task>", "compute this task, and what depends on it, in any case")
    .option("-p, --param <name=value>", "a parameter that is another one now", collect, [])
    .option("--json", "each state as a line of JSON as it happens, and the result as the last one")
    .addHelpText(
      "after",
      examples("oxbow flow-run retry outgoing-cicada", "oxbow flow-run retry outgoing-cicada --from load"),
    )
    .action((run: string, file: string | undefined, options: RetryOptions) => end(retry(run, file, options, terminal)));
  group
    .command("resume")
    .description("Answer what a flow run waits for; one that is suspended goes on here")
    .argument("<flow-run>", "its name, its id, or the beginning of its id")
    .argument("[file]", "the file of the flow; the history knows it, unless it has moved")
    .option("--input <answer>", "the answer, as JSON or else as text; true where it is not said")
    .option("--question <name>", "which of several questions is answered")
    .option("-p, --param <name=value>", "a parameter that is another one now, or was not kept", collect, [])
    .option("--json", "each state as a line of JSON as it happens, and the result as the last one")
    .addHelpText("after", examples("oxbow flow-run resume outgoing-cicada --input '{\"approved\": true}'"))
    .action((run: string, file: string | undefined, options: AnswerOptions) =>
      end(resume(run, file, options, terminal)),
    );
}

interface JsonOption {
  readonly json?: true;
}

interface LogOptions extends JsonOption {
  readonly limit: string;
}

interface RetryOptions extends JsonOption {
  readonly from?: string;
  readonly param: readonly string[];
}

interface AnswerOptions extends JsonOption {
  readonly input?: string;
  readonly question?: string;
  readonly param: readonly string[];
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

const open = (): Promise<typeof import("../history/open.ts")> => import("../history/open.ts");
const show = (): Promise<typeof import("../history/show.ts")> => import("../history/show.ts");

export async function list(options: FilterOptions, terminal: Terminal): Promise<void> {
  const { withHistory } = await open();
  const rows = await withHistory((store) => store.flowRuns.list(filterOf(options, terminal)));
  const { flowRunColumns, rowJson } = await show();
  if (options.json) writeJson(terminal.stdout, rows.map(rowJson));
  else if (rows.length === 0) say(terminal, "There are no such flow runs");
  else await writeTable(terminal.stdout, rows, flowRunColumns(terminal.now()));
}

const mostTasks = 200;

export async function inspect(run: string, { json }: JsonOption, terminal: Terminal): Promise<void> {
  const { stdout } = terminal;
  const { flowRunNamed, withHistory } = await open();
  const { row, tasks, questions } = await withHistory(async (store) => {
    const row = await flowRunNamed(store, run);
    const tasks = await store.taskRuns.list({ flowRunId: row.id, limit: mostTasks });
    return { row, tasks: tasks.toReversed(), questions: await store.questions.list(row.id) };
  });
  const { rowJson, runPairs, shownText, taskRunColumns } = await show();
  if (json) return writeJson(stdout, { ...rowJson(row), taskRuns: tasks.map(rowJson), questions });
  writePairs(stdout, [
    ["Flow run", row.name],
    ["Flow", row.flowName],
    ...runPairs(row, stdout, terminal.now()),
    ["Parameters", shownText(row.parameters)],
    ["File", row.file],
    ["Process", row.process],
    [
      "Waits for",
      questions
        .filter(({ answer }) => answer === undefined)
        .map(({ name, text }) => `${name}: ${text}`)
        .join("\n"),
    ],
  ]);
  if (tasks.length === 0) return;
  stdout.write("\n");
  await writeTable(stdout, tasks, taskRunColumns(terminal.now()));
  if (row.counts.tasks > tasks.length)
    say(
      terminal,
      `${tasks.length} of ${row.counts.tasks}; oxbow task-run ls --flow-run ${row.name} --limit ${row.counts.tasks} shows all`,
    );
}

export async function logs(run: string, { limit, json }: LogOptions, terminal: Terminal): Promise<void> {
  const { flowRunNamed, withHistory } = await open();
  const rows = await withHistory(async (store) =>
    store.logs.list((await flowRunNamed(store, run)).id, { limit: numberOf(limit, "--limit") }),
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
  const { flowRunNamed, withHistory } = await open();
  const row = await withHistory((store) => flowRunNamed(store, run));
  const parameters = options.param.length === 0 ? undefined : readParameters(options.param, undefined, terminal.cwd);
  const { goOn } = await import("../history/go-on.ts");
  return goOn(row, file, { from: options.from, parameters }, options.json === true, terminal);
}

export async function resume(
  run: string,
  file: string | undefined,
  options: AnswerOptions,
  terminal: Terminal,
): Promise<number> {
  const { answersTo, goOn } = await import("../history/go-on.ts");
  const { flowRunNamed, withHistory } = await open();
  const { isGone } = await import("../../io/process-identity.ts");
  const { stateOf } = await show();
  const { row, answers, isHere } = await withHistory(async (store) => {
    const found = await flowRunNamed(store, run);
    const given = await answersTo(store, found, options);
    const isWaiting =
      stateOf(found).name === "Paused" && !isGone(found.process, { severalMachines: store.kind !== "sqlite" });
    if (isWaiting) {
      for (const [name, answer] of Object.entries(given))
        await store.questions.answer(found.id, name, JSON.stringify(answer), terminal.now());
    }
    return { row: found, answers: given, isHere: !isWaiting };
  });
  const parameters = options.param.length === 0 ? undefined : readParameters(options.param, undefined, terminal.cwd);
  if (isHere) return goOn(row, file, { answers, parameters }, options.json === true, terminal);
  say(terminal, `${row.name} goes on, in its own process`);
  return exitCodes.done;
}

export async function cancel(run: string, terminal: Terminal): Promise<number> {
  const { flowRunNamed, withHistory } = await open();
  const { isOver, stateOf } = await show();
  return withHistory(async (store) => {
    const row = await flowRunNamed(store, run);
    if (isOver(row)) return refuse(terminal, `${row.name} has ended already, as ${stateOf(row).name}`);
    await store.requests.cancel(row.id, terminal.now());
    say(terminal, `${row.name} is asked to end; its process looks every few seconds`);
    return exitCodes.done;
  });
}

export async function remove(
  runs: readonly string[],
  { yes }: { readonly yes?: true },
  terminal: Terminal,
): Promise<number> {
  const { flowRunNamed, withHistory } = await open();
  const { isOver, stateOf } = await show();
  return withHistory(async (store) => {
    const rows = await Promise.all(runs.map((run) => flowRunNamed(store, run)));
    const alive = rows.find((row) => !isOver(row) && stateOf(row).type !== "PAUSED");
    if (alive) throw misuse(`${alive.name} is still running`, `oxbow flow-run cancel ${alive.name} ends it`);
    const question = `Delete ${rows.map(({ name }) => name).join(", ")} from the history?`;
    if (!(await confirm(terminal, question, yes))) return exitCodes.failed;
    const removed = await store.flowRuns.delete(rows.map(({ id }) => id));
    say(terminal, `Deleted ${count(removed, "flow run")}`);
    return exitCodes.done;
  });
}
