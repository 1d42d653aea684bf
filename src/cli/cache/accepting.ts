/* `oxbow cache accept`, `accepted` and `revoke`: changes of tasks that do not change their results. */
import { taskSourceText } from "../../caching/task-source.ts";
import { historyOf } from "../../defaults/history.ts";
import type { RunStore } from "../../history/run-store.ts";
import { accept, accepted, type AcceptedChange, revoke } from "../../maintenance/index.ts";
import { loadSettings } from "../../settings/settings.ts";
import { findAgain } from "../history/going-on.ts";
import { exitCodes, misuse, refuse, say, writeJson } from "../output.ts";
import { writeTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { ago, count } from "../text.ts";

export interface AcceptOptions {
  readonly was?: string;
  readonly renamedFrom?: string;
  readonly latest?: true;
  readonly json?: true;
}

export async function acceptChange(
  task: string,
  file: string | undefined,
  options: AcceptOptions,
  terminal: Terminal,
): Promise<number> {
  const { was, renamedFrom } = options;
  const { acceptedPath: path } = loadSettings().caching;
  return withStore(async (history) => {
    const now = await sourceNow(task, file, options, history, terminal);
    if (typeof now === "number") return now;
    const change = await accept(task, { path, now, was, renamedFrom, history });
    if (options.json) writeJson(terminal.stdout, change);
    else
      say(
        terminal,
        `What ${change.taskName} stored before its change counts again; oxbow cache revoke ${task} takes that back`,
      );
    return exitCodes.done;
  });
}

/** The source of a task as its file has it now; the exit code where another process has done the whole command. */
async function sourceNow(
  task: string,
  file: string | undefined,
  { latest, renamedFrom }: AcceptOptions,
  history: RunStore | undefined,
  terminal: Terminal,
): Promise<string | number> {
  const known =
    (await history?.taskSources.list(task))?.[0] ??
    (renamedFrom === undefined ? undefined : (await history?.taskSources.list(renamedFrom))?.[0]);
  if (latest) {
    if (known) return known.text;
    throw misuse(`The history has no source of "${task}"`, "run it, or name the file that exports it");
  }
  const found = await findAgain(
    { kind: "task", name: task, given: file, known: known?.file },
    terminal,
    "export it, or run it and say --latest: what ran last is then the source as it is now",
  );
  return typeof found === "number" ? found : taskSourceText(found.definition);
}

export async function listAccepted({ json }: { readonly json?: true }, terminal: Terminal): Promise<void> {
  const { acceptedPath: path } = loadSettings().caching;
  const changes = accepted({ path });
  if (json) return writeJson(terminal.stdout, changes);
  if (changes.length === 0) return say(terminal, "No change is accepted");
  await writeTable<AcceptedChange>(terminal.stdout, changes, [
    { head: "TASK", value: ({ taskName }) => taskName },
    { head: "ACCEPTED", value: ({ at }) => ago(at, terminal.now()) },
    { head: "BY", value: ({ by }) => by },
  ]);
}

export async function revokeChanges(
  task: string,
  { json }: { readonly json?: true },
  terminal: Terminal,
): Promise<number> {
  const { acceptedPath: path } = loadSettings().caching;
  const revoked = await withStore((history) => revoke(task, { path, history }));
  if (json) writeJson(terminal.stdout, { revoked });
  if (revoked === 0)
    return refuse(terminal, `No change of "${task}" is accepted`, "oxbow cache accepted shows those that are");
  if (!json) say(terminal, `Revoked ${count(revoked, "change")} of ${task}`);
  return exitCodes.done;
}

async function withStore<T>(use: (history: RunStore | undefined) => Promise<T>): Promise<T> {
  const settings = loadSettings();
  const history = settings.history.enabled ? await historyOf(settings) : undefined;
  try {
    return await use(history);
  } finally {
    await history?.close();
  }
}
