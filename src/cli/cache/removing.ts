/* `oxbow cache rm` and `gc`. */
import type { Duration } from "../../kernel/duration.ts";
import {
  type Amount,
  collect,
  type CollectReason,
  type CollectReport,
  type RecordFilter,
  remove,
  type RemoveReport,
} from "../../maintenance/index.ts";
import { findKey } from "../../maintenance/find-key.ts";
import { loadSettings } from "../../settings/settings.ts";
import { exitCodes, misuse, refuse, say, writeJson } from "../output.ts";
import { confirm } from "../prompts.ts";
import { writeTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { count, sizeOf } from "../text.ts";
import { bytesOf, chooses, recordFilterOf, type RecordFilterOptions } from "./filters.ts";
import { withPlace } from "./place.ts";
import { withProgress } from "./progress.ts";

interface RemovalOptions {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

export interface RemoveOptions extends RecordFilterOptions, RemovalOptions {
  readonly all?: true;
}

export async function removeRecords(
  keys: readonly string[],
  options: RemoveOptions,
  terminal: Terminal,
): Promise<number> {
  const filter = recordFilterOf(options);
  if (keys.length === 0 && !chooses(filter) && !options.all) {
    throw misuse("It is not said which records", "name keys, or filters such as --task; --all means every record");
  }
  return withPlace(options, terminal, async (place) => {
    const found = await Promise.all(keys.map((key) => findKey(place, key)));
    const missing = found.indexOf(undefined);
    if (missing >= 0)
      return refuse(terminal, `There is no record ${keys[missing]}`, "oxbow cache ls shows those that there are");
    const filters = keys.length === 0 ? [filter] : found.map((key): RecordFilter => ({ ...filter, key }));
    const run = (dryRun: boolean): Promise<RemoveReport> =>
      withProgress(dryRun ? "Looking through" : "Removing", terminal, async (progress) => {
        const reports: RemoveReport[] = [];
        for (const each of filters) reports.push(await remove(place, each, { ...progress, dryRun }));
        return total(reports);
      });
    if (!options.dryRun && !options.yes) {
      const chosen = await run(true);
      if (chosen.records > 0 && !(await confirm(terminal, `Remove ${amountOf(chosen)}?`, false)))
        return exitCodes.failed;
    }
    const report = await run(options.dryRun === true);
    if (options.json) writeJson(terminal.stdout, { dryRun: options.dryRun === true, ...report });
    else say(terminal, `${options.dryRun ? "Would remove" : "Removed"} ${amountOf(report)}`);
    for (const problem of report.problems) say(terminal, `note: ${problem}`);
    return keys.length > 0 && report.records === 0
      ? refuse(terminal, "There is no such record any more")
      : exitCodes.done;
  });
}

function total(reports: readonly RemoveReport[]): RemoveReport {
  return {
    records: reports.reduce((sum, { records }) => sum + records, 0),
    bytes: reports.reduce((sum, { bytes }) => sum + bytes, 0),
    problems: [...new Set(reports.flatMap(({ problems }) => problems))],
  };
}

function amountOf({ records, bytes }: Amount): string {
  return `${count(records, "record")}, ${sizeOf(bytes)}`;
}

export interface CollectOptions extends RemovalOptions {
  readonly storage?: string;
  readonly keyStorage?: string;
  readonly maxAge?: string;
  readonly maxSize?: string;
}

const reasons: Readonly<Record<CollectReason, string>> = {
  expired: "expired",
  damaged: "damaged",
  uncommitted: "left by transactions that died",
  maxAge: "not used for too long",
  maxSize: "too much, least recently used",
  values: "values without a record",
  markers: "markers of transactions",
};

export async function collectGarbage(options: CollectOptions, terminal: Terminal): Promise<number> {
  const { cache } = loadSettings();
  const isDefault = options.storage === undefined;
  const maxAge = (options.maxAge ?? (isDefault && cache.maxAge !== undefined ? `${cache.maxAge}ms` : undefined)) as
    | Duration
    | undefined;
  const maxSize =
    options.maxSize === undefined ? (isDefault ? cache.maxSize : 0) : bytesOf(options.maxSize, "--max-size");
  const report = await withPlace(options, terminal, async (place) => {
    const run = (dryRun: boolean): Promise<CollectReport> =>
      withProgress(dryRun ? "Looking through" : "Collecting", terminal, (progress) =>
        collect(place, { ...progress, maxAge, maxSize, dryRun }),
      );
    if (options.dryRun || options.yes) return run(options.dryRun === true);
    const found = await run(true);
    if (sumOf(found).records === 0 && found.problems.length === 0) return found;
    return (await confirm(terminal, `Remove ${amountOf(sumOf(found))}?`, false)) ? run(false) : undefined;
  });
  if (!report) return exitCodes.failed;
  if (options.json) {
    writeJson(terminal.stdout, { dryRun: options.dryRun === true, ...report });
    return exitCodes.done;
  }
  const rows = (Object.entries(report.removed) as [CollectReason, Amount][]).filter(([, { records }]) => records > 0);
  if (rows.length > 0) {
    await writeTable(terminal.stdout, rows, [
      { head: options.dryRun ? "WOULD REMOVE" : "REMOVED", value: ([reason]) => reasons[reason] },
      { head: "NUMBER", value: ([, { records }]) => String(records), align: "right" },
      { head: "SIZE", value: ([, { bytes }]) => sizeOf(bytes), align: "right" },
    ]);
  } else say(terminal, "There is nothing to remove");
  say(
    terminal,
    `${amountOf(report.kept)} ${report.kept.records === 1 ? "is" : "are"} kept${report.inUse > 0 ? `; ${report.inUse} more would go, were they not in use` : ""}`,
  );
  for (const problem of report.problems) say(terminal, `note: ${problem}`);
  return exitCodes.done;
}

function sumOf({ removed }: CollectReport): Amount {
  const all = Object.values(removed);
  return {
    records: all.reduce((sum, { records }) => sum + records, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
