/* What the cache would do for each task of a flow, without running any. */
import { services } from "../../defaults.ts";
import { withScope } from "../../engine/scope.ts";
import { formatMs } from "../../kernel/duration.ts";
import type { SettingsOverrides } from "../../settings/settings.ts";
import { exitCodes, say, writeJson } from "../output.ts";
import { writeTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { count, type Look } from "../text.ts";
import type { Found } from "./target.ts";

interface Planned {
  readonly taskName: string;
  readonly outcome: string;
  readonly reason: string;
  readonly savedMs: number;
}

const looks: Readonly<Record<string, Look>> = { hit: "green", miss: "yellow", refreshed: "yellow", unknown: "dim" };

/** Shows a plan. @returns the exit code */
export async function showPlan(
  found: Found,
  args: readonly unknown[],
  settings: SettingsOverrides,
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  const { tasks, isComplete } = await withScope(services, { settings }, () => planOf(found, args));
  if (json) {
    writeJson(terminal.stdout, { [found.kind]: found.definition.name, isComplete, tasks });
    return exitCodes.done;
  }
  if (tasks.length === 0) say(terminal, "The plan has no tasks");
  else {
    await writeTable(terminal.stdout, tasks, [
      { head: "TASK", value: ({ taskName }) => taskName },
      { head: "OUTCOME", value: ({ outcome }) => outcome, look: ({ outcome }) => looks[outcome] },
      { head: "SAVES", value: ({ savedMs }) => (savedMs > 0 ? formatMs(savedMs) : ""), align: "right" },
      { head: "REASON", value: ({ reason }) => reason },
    ]);
    const hits = tasks.filter(({ outcome }) => outcome === "hit").length;
    const saved = tasks.reduce((sum, { savedMs }) => sum + savedMs, 0);
    say(terminal, `${count(tasks.length, "task run")}: ${count(hits, "hit")}; saves ${formatMs(saved)}`);
    if (!isComplete) say(terminal, "What comes after depends on results that are not stored yet");
  }
  return exitCodes.done;
}

async function planOf(
  found: Found,
  args: readonly unknown[],
): Promise<{ readonly tasks: readonly Planned[]; readonly isComplete: boolean }> {
  if (found.kind === "flow") return found.flow.plan(...(args as never[]));
  const { outcome, reason, savedMs } = await found.task.explain(...(args as never[]));
  return { tasks: [{ taskName: found.definition.name, outcome, reason, savedMs }], isComplete: true };
}
