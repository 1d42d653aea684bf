import { userInfo } from "node:os";
import { hashText } from "../hashing/encode.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import type { RunStore, TaskSourceRow } from "../history/run-store.ts";
import { type AcceptedChange, changeAccepted, readAccepted } from "./accepted-file.ts";
import { endOf } from "./accepted-sources.ts";

export type { AcceptedChange } from "./accepted-file.ts";

/** What {@link accept} has to be told. */
export interface AcceptOptions {
  /** The file of accepted changes: the setting `caching.acceptedPath`. */
  readonly path: string;
  /** The component of the source as it is now: what `taskSourceText` gives. */
  readonly now: string;
  /**
   * The earlier source: its component, or its digest as records carry it (16 hexadecimal digits, or the first few of them; needs the
   * history). @default the newest other one in the history
   */
  readonly was?: string | undefined;
  /** What the task was called then. @default its name now */
  readonly renamedFrom?: string | undefined;
  /** Knows earlier sources; gets an event. @default none */
  readonly history?: RunStore | undefined;
  /** @default the clock of the machine */
  readonly clock?: Clock | undefined;
  /** Who accepts it. @default the user of this process */
  readonly by?: string | undefined;
}

/**
 * Says that a change of a task's code does not change its results: what it stored before counts again. This holds for every process that
 * has the file, from a second later on at most, until it is revoked. Further changes are not accepted by it.
 *
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where no earlier source is known, or it counts already; where the newest
 * other one is a later one, and was not named as `was`; where the file cannot be used
 * @throws {StorageError} where the file cannot be written
 */
export async function accept(taskName: string, options: AcceptOptions): Promise<AcceptedChange> {
  const { path, now: from, history, clock = systemClock, by = userName() } = options;
  checkComponent(from);
  const to = await earlierSource(taskName, options);
  const change: AcceptedChange = { taskName, from, to, at: clock.now(), by };
  changeAccepted(path, (entries) => withChange(entries, change));
  await tell(history, {
    ...change,
    kind: "accepted",
    detail: `source ${digestOf(from)} uses records of ${digestOf(to)}`,
  });
  return change;
}

/** Takes back what was accepted of a task. @returns how many changes that were */
export async function revoke(
  taskName: string,
  { path, history, clock = systemClock }: Pick<AcceptOptions, "path" | "history" | "clock">,
): Promise<number> {
  let count = readAccepted(path).filter((entry) => entry.taskName === taskName).length;
  if (count === 0) return 0;
  changeAccepted(path, (entries) => {
    const kept = entries.filter((entry) => entry.taskName !== taskName);
    count = entries.length - kept.length;
    return kept;
  });
  await tell(history, {
    taskName,
    at: clock.now(),
    kind: "revoked",
    detail: `${count} accepted changes of its source`,
  });
  return count;
}

/** All changes that are accepted, the oldest first. @throws {ConfigurationError} where the file cannot be used */
export function accepted({ path }: Pick<AcceptOptions, "path">): readonly AcceptedChange[] {
  return readAccepted(path).toSorted((left, right) => left.at - right.at);
}

/** The digest of a component, as records carry it. */
function digestOf(text: string): string {
  return hashText(text).slice(0, 16);
}

function withChange(entries: readonly AcceptedChange[], change: AcceptedChange): readonly AcceptedChange[] {
  const others = entries.filter(({ from }) => from !== change.from);
  const byFrom = new Map(others.map((entry) => [entry.from, entry]));
  if (endOf(byFrom, change.to) !== change.from) return [...others, change];
  throw invalid(
    `Task "${change.taskName}": records of the source ${digestOf(change.to)} count for ${digestOf(change.from)} already`,
    "the earlier source was accepted as an equal of this one: there is nothing to accept",
  );
}

async function earlierSource(taskName: string, { now, was, renamedFrom, history }: AcceptOptions): Promise<string> {
  if (was !== undefined && !/^[0-9a-f]{4,16}$/.test(was)) {
    checkComponent(was);
    if (was !== now) return was;
    throw invalid(`Task "${taskName}": the earlier source is the one that it has now`, "pass another one as `was`");
  }
  // Of a task that was renamed only a source that is named may be one of its own.
  const names = renamedFrom === undefined ? [taskName] : was === undefined ? [renamedFrom] : [renamedFrom, taskName];
  const known = (await Promise.all(names.map((name) => history?.taskSources.list(name)))).map((list) => list ?? []);
  if (renamedFrom !== undefined && known[0]!.length === 0)
    throw invalid(
      `Task "${taskName}": the run history has no source of "${renamedFrom}"`,
      history ? "write the name as it was when the task ran" : "there is no history",
    );
  const found = known.flat().find((row) => row.text !== now && (was === undefined || matches(row, was)));
  if (found) {
    if (was === undefined && renamedFrom === undefined) await checkIsEarlier(history!, taskName, now, found);
    return found.text;
  }
  const which = was === undefined ? "no other source" : `no source ${was}`;
  throw invalid(
    `Task "${taskName}": the run history has ${which} of ${names.map((name) => `"${name}"`).join(" or ")}`,
    history ? "sources are written down when a task runs; name the one that is meant as `was`" : "there is no history",
  );
}

const comparedRuns = 1000;

/** Code that was put back to what it was has records of its own: those of what was in between are hardly meant. */
async function checkIsEarlier(history: RunStore, taskName: string, now: string, found: TaskSourceRow): Promise<void> {
  const stored = await history.taskRuns.list({ of: taskName, stored: true, limit: comparedRuns });
  const ofNow = digestOf(now);
  const digests = stored.map(({ components }) => components?.["task-source"]);
  const newest = digests.indexOf(found.digest);
  if (newest < 0 || !digests.includes(ofNow, newest + 1)) return;
  throw invalid(
    `Task "${taskName}": the source that it has now is an earlier one, which stored results before ${found.digest} did: those count already`,
    `where the results of the other one are meant all the same, name it: --was ${found.digest}`,
  );
}

function matches({ digest, text }: TaskSourceRow, was: string): boolean {
  return digest.startsWith(was) || digestOf(text).startsWith(was);
}

/** @throws {ConfigurationError} for what no task source ever is */
function checkComponent(text: string): void {
  try {
    const parts: unknown = JSON.parse(text);
    if (Array.isArray(parts) && parts.length >= 2 && typeof parts[0] === "string") return;
  } catch {
    // Said below.
  }
  throw invalid(`${JSON.stringify(text)} is no source of a task`, "pass what taskSourceText() gives, or a digest");
}

async function tell(
  history: RunStore | undefined,
  {
    taskName,
    at: time,
    kind,
    detail,
  }: Pick<AcceptedChange, "taskName" | "at"> & {
    readonly kind: "accepted" | "revoked";
    readonly detail: string;
  },
): Promise<void> {
  const cacheEvents = [{ time, kind, taskName, detail }];
  await history?.write({ flowRuns: [], taskRuns: [], logs: [], taskSources: [], cacheEvents });
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in the system's list of users, as in containers.
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}

function invalid(message: string, hint: string): ConfigurationError {
  return new ConfigurationError("OXBOW_OPTION_INVALID", message, { hint });
}
