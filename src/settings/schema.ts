/*
 * DESIGN. Every setting is declared here, once. The type `Settings`, the names of the environment variables, what is
 * accepted, the defaults and the reference page (scripts/settings-reference.ts) all follow from this table, so a new
 * setting is one entry. Defaults are written as a user would write them, and go through the same parser.
 */
import type { Duration } from "../kernel/duration.ts";

/** One setting, as it is declared. */
export type SettingDeclaration =
  | (Declared & { readonly type: "boolean"; readonly default: boolean | undefined })
  | (Declared & { readonly type: "integer"; readonly default: number; readonly least: number })
  | (Declared & { readonly type: "bytes" | "path" | "delays"; readonly default: string })
  | (Declared & { readonly type: "duration" | "string"; readonly default: string | undefined })
  | (Declared & { readonly type: "choice"; readonly default: string; readonly choices: readonly string[] });

interface Declared {
  /** One sentence, in Markdown. */
  readonly description: string;
  /** A setting that says where profiles are, or which one counts, cannot be in a profile. */
  readonly outsideProfiles?: true;
}

/** All settings by their dotted names. */
const schema = {
  home: {
    type: "path",
    default: "~/.oxbow",
    outsideProfiles: true,
    description: "The folder of profiles and, unless told otherwise, of results.",
  },
  profile: {
    type: "string",
    default: "default",
    outsideProfiles: true,
    description: "The active profile; where it is not set, the one that `profiles.toml` names as `active`.",
  },
  "results.persistByDefault": {
    type: "boolean",
    default: false,
    description: "Whether results are stored of tasks and flows that do not say so themselves.",
  },
  "results.storagePath": {
    type: "path",
    default: "{home}/storage",
    description: "The folder of the default result storage; it follows `home`.",
  },
  "results.defaultStorageBlock": {
    type: "string",
    default: undefined,
    description:
      "The block of the result storage of tasks that choose none, such as `block:s3/results`; setting it turns persistence on.",
  },
  "results.spoolPath": {
    type: "path",
    default: "{home}/spool",
    description: "The folder where results that are streams, above 1 MiB, are kept until they are stored.",
  },
  "results.defaultSerializer": {
    type: "string",
    default: "json",
    description: "The format of stored results where the task chooses none.",
  },
  "results.memoryEntries": {
    type: "integer",
    default: 10_000,
    least: 0,
    description: "How many results are kept in memory at most; `0` keeps none.",
  },
  "results.memoryBytes": {
    type: "bytes",
    default: "64MiB",
    description: "How many bytes of results are kept in memory at most; `0` keeps none.",
  },
  "tasks.refreshCache": {
    type: "boolean",
    default: false,
    description: "Whether tasks compute anew and overwrite what is stored, all but those with `refreshCache: false`.",
  },
  "tasks.disableCaching": {
    type: "boolean",
    default: false,
    description: "Whether no task looks anything up or stores anything under a cache key.",
  },
  "tasks.defaultNoCache": {
    type: "boolean",
    default: false,
    description: "Whether a task that chooses no cache policy has `NO_CACHE` instead of `DEFAULT`.",
  },
  "tasks.defaultPersistResult": {
    type: "boolean",
    default: undefined,
    description: "Whether results are stored of tasks that do not say so themselves; goes before what their flow says.",
  },
  "tasks.defaultRetries": {
    type: "integer",
    default: 0,
    least: 0,
    description: "How often a failed task is tried again where it does not say so itself.",
  },
  "tasks.defaultRetryDelay": {
    type: "delays",
    default: "0s",
    description:
      "The wait before a retry of a task; of a list, the first before the first retry, and the last for all further ones.",
  },
  "tasks.concurrency": {
    type: "integer",
    default: 100,
    least: 1,
    description: "How many submitted tasks of a flow run at once.",
  },
  "flows.defaultRetries": {
    type: "integer",
    default: 0,
    least: 0,
    description: "How often a failed flow is tried again where it does not say so itself.",
  },
  "flows.defaultRetryDelay": {
    type: "delays",
    default: "0s",
    description:
      "The wait before a retry of a flow; of a list, the first before the first retry, and the last for all further ones.",
  },
  "locks.lease": {
    type: "duration",
    default: "30s",
    description:
      "How long a lock outlives a holder that died or froze (a live one extends it in time), for the locks that belong to a storage.",
  },
  "locks.acquireTimeout": {
    type: "duration",
    default: undefined,
    description:
      "How long a run waits for the lock of its key before it fails; where it is not set, as long as it takes.",
  },
  "caching.strict": {
    type: "boolean",
    default: false,
    description:
      "Whether inputs that cannot be hashed, failed lookups and failed writes fail the run instead of being logged.",
  },
  "caching.mode": {
    type: "choice",
    default: "read-write",
    choices: ["read-write", "read-only", "write-only", "off"],
    description:
      "What all tasks may do with stored results: use and store them, only one of these, or neither; tasks, flows and stores can only take away from it.",
  },
  "caching.acceptedPath": {
    type: "path",
    default: "{home}/accepted.json",
    description: "The file of the changes of tasks that were accepted: what they stored before still counts.",
  },
  "cache.maxAge": {
    type: "duration",
    default: undefined,
    description:
      "How long the default result storage, where it is on this machine, keeps a record that nobody uses; where it is not set, for ever.",
  },
  "cache.maxSize": {
    type: "bytes",
    default: "10GiB",
    description:
      "How large the default result storage, where it is on this machine, may grow before the records that were not used for the longest time are removed; `0` sets no limit.",
  },
  "database.url": {
    type: "string",
    default: undefined,
    description:
      "The database of the run history, such as `postgres://host/name`; where it is not set, a file in `home`.",
  },
  "history.enabled": {
    type: "boolean",
    default: true,
    description: "Whether runs are written down in the run history.",
  },
  "history.retention": {
    type: "duration",
    default: "30 days",
    description: "How long the run history keeps runs that have ended.",
  },
  "history.logLevel": {
    type: "choice",
    default: "info",
    choices: ["debug", "info", "warn", "error", "off"],
    description: "The least severe level of the lines of runs that go to the run history.",
  },
  "history.valueBytes": {
    type: "bytes",
    default: "4KiB",
    description:
      "How many bytes of the parameters or inputs of a run the run history holds; of the larger ones it has the digests.",
  },
  "history.redact": {
    type: "string",
    default: "password,passwd,secret,token,authorization,apikey,api_key,credential,cookie,private",
    description:
      "Parts of names, with commas between them: parameters and inputs with such a name, in whichever case, are not written to the run history.",
  },
  "logging.level": {
    type: "choice",
    default: "info",
    choices: ["debug", "info", "warn", "error", "off"],
    description: "The least severe level that is logged.",
  },
  "logging.format": {
    type: "choice",
    default: "text",
    choices: ["text", "json"],
    description: "Lines for people, or one JSON object per line.",
  },
  "logging.colors": {
    type: "choice",
    default: "auto",
    choices: ["auto", "always", "never"],
    description:
      "Whether text lines are coloured; `auto` means on a terminal, and respects `NO_COLOR` and `FORCE_COLOR`.",
  },
} as const;

/** `tasks.refreshCache`, …: every setting there is. */
export type SettingName = keyof typeof schema;

/** The declarations again, by a type that does not tell them apart. That it holds is checked here. */
export const declarations: Readonly<Record<SettingName, SettingDeclaration>> = schema;

/** All names, in the order of the schema. */
export const settingNames: readonly SettingName[] = Object.keys(schema) as SettingName[];

/** Milliseconds to wait after so many failures: 1, 2, … */
export type Delays = (failures: number) => number;

type Declaration<N extends SettingName> = (typeof schema)[N];
type Unset<D> = D extends { readonly default: undefined } ? undefined : never;

type Value<D> = D extends { readonly type: "boolean" }
  ? boolean | Unset<D>
  : D extends { readonly type: "integer" | "bytes" }
    ? number
    : D extends { readonly type: "duration" }
      ? number | Unset<D>
      : D extends { readonly type: "delays" }
        ? Delays
        : D extends { readonly choices: readonly (infer C)[] }
          ? C
          : string | Unset<D>;

type Input<D> = D extends { readonly type: "bytes" }
  ? number | string
  : D extends { readonly type: "duration" }
    ? Duration
    : D extends { readonly type: "delays" }
      ? Duration | readonly Duration[]
      : Value<D>;

type Head<N extends SettingName> = N extends `${infer G}.${string}` ? G : N;

/** The settings that hold for a run: `settings.tasks.refreshCache`. Frozen. */
export type Settings = {
  readonly [N in SettingName as Head<N>]: N extends `${infer G}.${string}` ? SettingsGroup<G> : Value<Declaration<N>>;
};

type SettingsGroup<G extends string> = {
  readonly [N in SettingName as N extends `${G}.${infer K}` ? K : never]: Value<Declaration<N>>;
};

/** Some settings, for a block of code: `{ tasks: { refreshCache: true } }`. What is `undefined` is not overridden. */
export type SettingsOverrides = {
  readonly [N in SettingName as Head<N>]?: N extends `${infer G}.${string}` ? OverridesGroup<G> : Input<Declaration<N>>;
};

type OverridesGroup<G extends string> = {
  readonly [N in SettingName as N extends `${G}.${infer K}` ? K : never]?: Input<Declaration<N>> | undefined;
};

/** `OXBOW_TASKS_REFRESH_CACHE`: the environment variable of a setting. */
export function envNameOf(name: SettingName): string {
  return `OXBOW_${name.replace(/[A-Z]/g, "_$&").replaceAll(".", "_").toUpperCase()}`;
}

/** The setting of an environment variable, by the variable's name. */
export const settingByEnvName: ReadonlyMap<string, SettingName> = new Map(
  settingNames.map((name) => [envNameOf(name), name]),
);
