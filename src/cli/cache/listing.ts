/* `oxbow cache ls` and `stats`. */
import { formatMs } from "../../kernel/duration.ts";
import { list, type RecordRow, stats, type TaskRecords } from "../../maintenance/index.ts";
import { writeJson } from "../output.ts";
import { say } from "../output.ts";
import { writePairs, writeTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { ago, count, sizeOf } from "../text.ts";
import { numberOf } from "../history/filters.ts";
import { recordFilterOf, type RecordFilterOptions } from "./filters.ts";
import { withPlace } from "./place.ts";
import { withProgress } from "./progress.ts";

export interface ListOptions extends RecordFilterOptions {
  readonly limit: string;
  readonly json?: true;
}

export async function listRecords(options: ListOptions, terminal: Terminal): Promise<void> {
  const limit = numberOf(options.limit, "--limit");
  const filter = recordFilterOf(options);
  const rows: RecordRow[] = [];
  const isMore = await withPlace(options, terminal, (place) =>
    withProgress("Looking through", terminal, async (progress) => {
      for await (const row of list(place, filter, progress)) {
        if (rows.length === limit) return true;
        rows.push(row);
      }
      return false;
    }),
  );
  if (options.json) writeJson(terminal.stdout, rows);
  else if (rows.length === 0) say(terminal, "There are no such records");
  else {
    const now = terminal.now();
    await writeTable(terminal.stdout, rows, [
      { head: "KEY", value: ({ key }) => (terminal.stdout.isTTY && key.length === 64 ? key.slice(0, 12) : key) },
      { head: "TASK", value: ({ taskName }) => taskName },
      {
        head: "STATUS",
        value: ({ status }) => status,
        look: ({ status }) => (status === "valid" ? "green" : "yellow"),
      },
      { head: "SIZE", value: ({ size }) => sizeOf(size), align: "right" },
      { head: "WRITTEN", value: ({ createdAt }) => ago(createdAt, now) },
      { head: "EXPIRES", value: ({ expiresAt }) => ago(expiresAt, now) },
      { head: "USED", value: ({ lastUsedAt }) => ago(lastUsedAt, now) },
      { head: "HITS", value: ({ hits }) => (hits ? String(hits) : ""), align: "right" },
      { head: "WORTH", value: ({ durationMs }) => formatMs(durationMs), align: "right" },
      { head: "TAGS", value: ({ tags }) => tags.join(", ") },
    ]);
  }
  if (isMore) say(terminal, `There are more: --limit ${limit * 10}`);
}

export async function showStats(
  options: RecordFilterOptions & { readonly json?: true },
  terminal: Terminal,
): Promise<void> {
  const { stdout } = terminal;
  const filter = recordFilterOf(options);
  const found = await withPlace(options, terminal, (place) =>
    withProgress("Counting", terminal, (progress) => stats(place, filter, progress)),
  );
  if (options.json) return writeJson(stdout, found);
  writePairs(stdout, [
    ["Records", `${found.records}, ${sizeOf(found.bytes)}`],
    ["Expired", found.expired.records > 0 ? `${found.expired.records}, ${sizeOf(found.expired.bytes)}` : undefined],
    ["Worth", `${formatMs(found.worthMs)} to compute`],
    [
      "Hits",
      found.hits === undefined
        ? undefined
        : `${found.hits} of ${count(found.hits + (found.misses ?? 0), "lookup")}${percent(found.hitRate)}`,
    ],
    ["Saved", found.savedMs === undefined ? undefined : formatMs(found.savedMs)],
    ["Computed", found.computedMs === undefined ? undefined : formatMs(found.computedMs)],
  ]);
  if (found.tasks.length === 0) return;
  const now = terminal.now();
  stdout.write("\n");
  await writeTable<TaskRecords>(stdout, found.tasks, [
    { head: "TASK", value: ({ taskName }) => taskName },
    { head: "RECORDS", value: ({ records }) => String(records), align: "right" },
    { head: "SIZE", value: ({ bytes }) => sizeOf(bytes), align: "right" },
    { head: "NEWEST", value: ({ newestAt }) => ago(newestAt, now) },
    { head: "HITS", value: ({ runs }) => (runs ? String(runs.hits) : ""), align: "right" },
    { head: "MISSES", value: ({ runs }) => (runs ? String(runs.misses) : ""), align: "right" },
    { head: "RATE", value: ({ hitRate }) => percent(hitRate).slice(2), align: "right" },
    { head: "SAVED", value: ({ runs }) => (runs && runs.savedMs > 0 ? formatMs(runs.savedMs) : ""), align: "right" },
  ]);
}

function percent(rate: number | undefined): string {
  return rate === undefined ? "" : `, ${Math.round(rate * 100)} %`;
}
