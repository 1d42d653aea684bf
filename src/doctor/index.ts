/*
 * DESIGN: looking at everything on which the cache depends, before it breaks.
 *
 *   check.ts           what a check is
 *   checks/<name>.ts   one kind of thing that can be wrong
 *   roster.ts          all of them, in the order in which they run
 *   run-check.ts       runs one: a time limit, and what it throws becomes a finding
 *   machine.ts         what they see of the machine
 *   probe.ts           looks at the tasks of a file, in a process of its own
 *
 * What it promises: an examination ends, whatever hangs; nothing stays behind of what it writes; no message has credentials in it; one
 * check that breaks keeps no other from running. What it finds holds for the moment at which it looked.
 */
import { resolve } from "node:path";
import { currentScope } from "../engine/scope.ts";
import type { RunStore } from "../history/run-store.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import type { SettingsOverrides } from "../settings/schema.ts";
import type { Storage } from "../storage/storage.ts";
import { Shared } from "./context.ts";
import type { Finding } from "./finding.ts";
import { thisMachine } from "./machine.ts";
import { roster } from "./roster.ts";
import { runCheck } from "./run-check.ts";

export type { Finding } from "./finding.ts";

/** What is looked at. */
export interface ExamineOptions {
  /** Settings that go before all others. @default those of `withSettings` around, if any */
  readonly settings?: SettingsOverrides | undefined;
  /** A file of tasks, to look at these too. It is imported several times, in processes of its own. @default none */
  readonly file?: string | undefined;
  /** @default that of the settings */
  readonly storages?: readonly Storage[] | undefined;
  /** The run history. @default that of the settings */
  readonly history?: RunStore | undefined;
  /** Only the checks of these names. @default all of {@link checkNames} */
  readonly checks?: readonly string[] | undefined;
  /** @default the clock of the machine */
  readonly clock?: Clock | undefined;
  /** Nothing is repaired: what to do is said. */
  readonly fix?: false;
}

/** The names of all checks, in the order in which they run. */
export const checkNames: readonly string[] = roster.map(({ name }) => name);

/**
 * Looks at everything on which the cache depends: settings, folders, storages, locks, the run history, drivers, and the tasks of a file.
 * It writes probes and removes them again, and changes nothing else.
 *
 * @returns what it finds, as it finds it; it never throws, and ends also where what it looks at hangs
 *
 * @example
 * ```ts
 * for await (const { check, subject, status, message } of examine({ file: "flow.ts" })) {
 *   if (status !== "pass") console.log(`${status} ${check}: ${subject}: ${message}`);
 * }
 * ```
 */
export async function* examine(options: ExamineOptions = {}): AsyncGenerator<Finding, void> {
  const { settings = currentScope()?.overrides, file, storages, history, checks, clock = systemClock } = options;
  const shared = new Shared({
    overrides: settings,
    clock,
    machine: thisMachine,
    file: file === undefined ? undefined : resolve(file),
    storages,
    history,
  });
  const chosen = roster.filter(({ name }) => checks === undefined || checks.includes(name));
  const canRead = areReadable(shared);
  for (const check of chosen) {
    if (canRead || check.withoutSettings) yield* runCheck(check, (signal) => shared.contextFor(signal), clock);
    else yield notExamined(check.name);
  }
}

function areReadable(shared: Shared): boolean {
  try {
    return shared.settings !== undefined;
  } catch {
    return false;
  }
}

function notExamined(check: string): Finding {
  return {
    check,
    subject: check,
    status: "warn",
    message: "Not looked at: the settings cannot be read",
    remedy: "repair the settings first",
  };
}
