import { resolve } from "node:path";
import { historyOf } from "../defaults/history.ts";
import { locksOf } from "../defaults/locks.ts";
import { storageOf } from "../defaults/storages.ts";
import type { RunStore } from "../history/run-store.ts";
import type { Clock } from "../kernel/clock.ts";
import type { SettingName, SettingsOverrides } from "../settings/schema.ts";
import { describeSettings, loadSettings, type Settings } from "../settings/settings.ts";
import type { Storage } from "../storage/storage.ts";
import type { CheckContext, NamedStorage } from "./check.ts";
import type { Machine } from "./machine.ts";
import { type FileReport, observeFile } from "./observe-file.ts";

/** What all checks of one examination share. */
export interface Examined {
  readonly overrides: SettingsOverrides | undefined;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly file: string | undefined;
  readonly storages: readonly Storage[] | undefined;
  /** In place of the one that the settings name. */
  readonly history: RunStore | undefined;
}

/** Makes the contexts of the checks of one examination; what is expensive they share. */
export class Shared {
  readonly #examined: Examined;
  readonly #told = new Set<string>();
  readonly #hopeless = new WeakSet<Storage>();
  #storages: Promise<readonly NamedStorage[]> | undefined;
  #history: Promise<RunStore | undefined> | undefined;
  #tasks: Promise<FileReport | undefined> | undefined;

  constructor(examined: Examined) {
    this.#examined = examined;
  }

  /** @throws {ConfigurationError} */
  get settings(): Settings {
    return loadSettings(this.#examined.overrides);
  }

  contextFor(signal: AbortSignal): CheckContext {
    const { overrides, clock, machine, file } = this.#examined;
    const settings = (): Settings => this.settings;
    return {
      get settings() {
        return settings();
      },
      overrides,
      clock,
      signal,
      machine,
      file: file === undefined ? undefined : resolve(file),
      sourceOf: (setting) => sourceOf(setting, overrides),
      storages: async () => {
        const all = await (this.#storages ??= this.#findStorages());
        return all.map((each) =>
          each.storage === undefined ? each : { ...each, isUsable: !this.#hopeless.has(each.storage) },
        );
      },
      told: this.#told,
      giveUp: (storage) => void this.#hopeless.add(storage),
      locksOf: (storage, leaseMs) =>
        locksOf(
          storage,
          loadSettings({ ...overrides, locks: { ...overrides?.locks, lease: { milliseconds: leaseMs } } }),
        ),
      history: () => (this.#history ??= this.#openHistory()),
      tasks: () => (this.#tasks ??= this.#observe()),
    };
  }

  async #openHistory(): Promise<RunStore | undefined> {
    const { settings } = this;
    return settings.history.enabled ? (this.#examined.history ?? historyOf(settings)) : undefined;
  }

  async #findStorages(): Promise<readonly NamedStorage[]> {
    const { storages } = this.#examined;
    if (storages !== undefined) return storages.map(named);
    try {
      return [named(await storageOf(undefined, this.settings))];
    } catch (error) {
      return [{ name: this.settings.results.defaultStorageBlock ?? "the default storage", storage: undefined, error }];
    }
  }

  async #observe(): Promise<FileReport | undefined> {
    const { file, clock } = this.#examined;
    if (file === undefined) return undefined;
    const history = (this.#history ??= this.#openHistory());
    return observeFile(resolve(file), clock, await history.catch(() => undefined));
  }
}

function named(storage: Storage): NamedStorage {
  return { name: `${storage.kind} ${storage.location}`, storage, isUsable: true };
}

function sourceOf(setting: SettingName, overrides: SettingsOverrides | undefined): string {
  return describeSettings(overrides).find(({ name }) => name === setting)?.source ?? "default";
}
