/* `oxbow cache verify` and `pull`. */
import { pull, type RecordFault, verify } from "../../maintenance/index.ts";
import { exitCodes, misuse, refuse, say, writeJson } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import { count, oneLine, paint, sizeOf } from "../text.ts";
import { recordFilterOf, type RecordFilterOptions } from "./filters.ts";
import { storageNamed, withPlace } from "./place.ts";
import { withProgress } from "./progress.ts";

export interface VerifyOptions extends RecordFilterOptions {
  readonly repair?: true;
  readonly json?: true;
}

export async function verifyRecords(options: VerifyOptions, terminal: Terminal): Promise<number> {
  const { stdout } = terminal;
  const filter = recordFilterOf(options);
  const report = await withPlace(options, terminal, (place) =>
    withProgress("Verifying", terminal, ({ line, ...progress }) => {
      const onFault = (fault: RecordFault): void => {
        if (!options.json) line.writeAside(() => stdout.write(faultText(fault, terminal)));
      };
      return verify(place, { ...progress, filter, onFault, repair: options.repair === true });
    }),
  );
  const left = report.damaged - report.removed;
  if (options.json) {
    writeJson(stdout, report);
    return left > 0 ? exitCodes.failed : exitCodes.done;
  }
  const { checked, bytes, damaged, unknown, removed } = report;
  const parts = [`Verified ${count(checked, "record")}, ${sizeOf(bytes)}: ${damaged} damaged`];
  if (unknown > 0) parts.push(`${unknown} that cannot be read here`);
  if (removed > 0) parts.push(`${removed} removed`);
  say(terminal, parts.join(", "));
  for (const problem of report.problems) say(terminal, `note: ${problem}`);
  if (left === 0) return exitCodes.done;
  return refuse(
    terminal,
    `${count(left, "record")} cannot be used`,
    "--repair removes what is damaged; it is computed again",
  );
}

function faultText({ key, kind, reason, taskName }: RecordFault, { stdout }: Terminal): string {
  const mark = paint(stdout, kind === "damaged" ? "red" : "yellow", kind);
  return `${mark} ${oneLine(key)}${taskName === undefined ? "" : ` of ${oneLine(taskName)}`}: ${oneLine(reason)}\n`;
}

export interface PullOptions extends RecordFilterOptions {
  readonly from: string;
  readonly dryRun?: true;
  readonly json?: true;
}

export async function pullRecords(options: PullOptions, terminal: Terminal): Promise<number> {
  const filter = recordFilterOf(options);
  const source = await storageNamed(options.from, terminal);
  const dryRun = options.dryRun === true;
  const report = await withPlace(options, terminal, async (place) => {
    if (place.storage.location === source.location) throw misuse(`${options.from} is where the records would go`);
    try {
      return await withProgress(dryRun ? "Comparing" : "Copying", terminal, (progress) =>
        pull({ storage: source, history: place.history }, place, filter, { ...progress, dryRun }),
      );
    } finally {
      await source.close();
    }
  });
  const { copied, identical, newer, unusable, damaged } = report;
  if (options.json) writeJson(terminal.stdout, { dryRun, ...report });
  else {
    say(
      terminal,
      `${dryRun ? "Would copy" : "Copied"} ${count(copied.records, "record")}, ${sizeOf(copied.bytes)}; ${identical.records} were there already, ${newer.records} newer here, ${unusable.records} expired or not committed`,
    );
    for (const { key, reason } of damaged) terminal.stdout.write(faultText({ key, kind: "damaged", reason }, terminal));
  }
  return damaged.length > 0
    ? refuse(terminal, `${count(damaged.length, "record")} could not be read from ${options.from}`)
    : exitCodes.done;
}
