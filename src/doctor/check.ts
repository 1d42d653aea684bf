import type { RunStore } from "../history/run-store.ts";
import type { Clock } from "../kernel/clock.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import type { Settings } from "../settings/settings.ts";
import type { SettingName, SettingsOverrides } from "../settings/schema.ts";
import type { Storage } from "../storage/storage.ts";
import type { Found } from "./finding.ts";
import type { FileReport } from "./observe-file.ts";
import type { Machine } from "./machine.ts";

/**
 * One kind of thing that can be wrong.
 *
 * What an implementation promises: it leaves nothing behind, changes nothing that it did not make, and stops soon after
 * `context.signal` is aborted. What it throws is a finding of its own, made by who runs it.
 */
export interface Check {
  /** One or two words: `storage`, `clock skew`. */
  readonly name: string;
  /** After so long it counts as failed, in milliseconds. @default 20,000 */
  readonly timeoutMs?: number;
  /** Whether it says something also where the settings cannot be read. @default false */
  readonly withoutSettings?: boolean;
  run(context: CheckContext): AsyncIterable<Found> | Promise<readonly Found[]>;
}

/** What checks look at. What costs something is made when it is asked for, and once. */
export interface CheckContext {
  /** @throws {ConfigurationError} where they cannot be read */
  readonly settings: Settings;
  readonly overrides: SettingsOverrides | undefined;
  /** Where a setting has its value from, for people: `the environment`. */
  sourceOf(setting: SettingName): string;
  readonly clock: Clock;
  /** Aborted when the time of the check is over. */
  readonly signal: AbortSignal;
  readonly machine: Machine;
  /** The file whose tasks are looked at; an absolute path. */
  readonly file: string | undefined;
  /** The storages to look at: those that were passed, else that of the settings. */
  storages(): Promise<readonly NamedStorage[]>;
  /** What was told already: one cause that several checks meet is told once. */
  readonly told: Set<string>;
  /** Marks a storage that does not work: others need not find that out again. */
  giveUp(storage: Storage): void;
  /** The locks that belong to a storage, with this lease in milliseconds. */
  locksOf(storage: Storage, leaseMs: number): LockManager | undefined;
  /** The run history; `undefined` where it is switched off. @throws where it cannot be made */
  history(): Promise<RunStore | undefined>;
  /** The tasks of {@link file}; `undefined` where no file was named. */
  tasks(): Promise<FileReport | undefined>;
}

/** A storage, or why there is none. */
export type NamedStorage =
  | { readonly name: string; readonly storage: Storage; readonly isUsable: boolean }
  | { readonly name: string; readonly storage: undefined; readonly error: unknown };

/** The storages that are there and that nobody has given up. */
export async function usableStorages(
  context: CheckContext,
): Promise<ReadonlyArray<{ name: string; storage: Storage }>> {
  const all = await context.storages();
  return all.flatMap((each) =>
    each.storage !== undefined && each.isUsable ? [{ name: each.name, storage: each.storage }] : [],
  );
}
