/* The run history that the settings ask for, and the recorders that write it: one per database. */
import { join } from "node:path";
import { Recorder } from "../engine/recorder.ts";
import { FlowRun } from "../engine/flow-run.ts";
import type { RunRecorder } from "../engine/services.ts";
import { TaskRun } from "../engine/task-run.ts";
import type { RunWatcher } from "../engine/watchers.ts";
import type { RunStore, Shown } from "../history/run-store.ts";
import { sqliteRunStore } from "../history/sqlite.ts";
import { thisProcess } from "../io/process-identity.ts";
import { type Awaitable, isPromise } from "../kernel/awaitable.ts";
import { systemClock } from "../kernel/clock.ts";
import { stderrSink } from "../logging/stderr-sink.ts";
import { json } from "../serializers/json.ts";
import { Attendant } from "./attendant.ts";
import type { Settings } from "../settings/settings.ts";

/** Where the settings have the history. */
function placeOf({ home, database }: Settings): string {
  return database.url ?? join(home, "oxbow.db");
}

const stores = new Map<string, Awaitable<RunStore>>();

/** The run history of these settings. */
export async function historyOf(settings: Settings): Promise<RunStore> {
  return storeAt(placeOf(settings));
}

/** One that is a file is there at once: also when the process exits. */
function storeAt(place: string): Awaitable<RunStore> {
  let store = stores.get(place);
  if (!store) {
    stores.set(place, (store = open(place)));
    // The next use tries again.
    if (isPromise(store)) store.then(undefined, () => stores.delete(place));
  }
  return store;
}

function open(place: string): Awaitable<RunStore> {
  if (/^postgres(ql)?:/.test(place))
    return import("../history/postgres.ts").then(({ postgresRunStore }) => postgresRunStore(place));
  return sqliteRunStore(place.replace(/^(sqlite|file):(\/\/)?/, ""));
}

const recorders = new Map<string, Recorder>();
let latest: { readonly settings: Settings; readonly recorder: Recorder | undefined } | undefined;

/** Writes down the runs of these settings; `undefined` where they want no history. */
export function recorderOf(settings: Settings): RunRecorder | undefined {
  return recorderFor(settings);
}

function recorderFor(settings: Settings): Recorder | undefined {
  if (latest?.settings === settings) return latest.recorder;
  const recorder = settings.history.enabled ? recorderAt(settings) : undefined;
  latest = { settings, recorder };
  return recorder;
}

function recorderAt(settings: Settings): Recorder {
  const place = placeOf(settings);
  let recorder = recorders.get(place);
  if (!recorder) {
    if (recorders.size === 0) flushAtTheEnd();
    recorder = new Recorder({
      open: () => storeAt(place),
      write,
      process: thisProcess(),
      clock: systemClock,
      sink: stderrSink(),
    });
    recorders.set(place, recorder);
  }
  return recorder;
}

const attendants = new WeakMap<Recorder, Attendant>();

function attendantOf(settings: Settings): Attendant | undefined {
  const recorder = recorderFor(settings);
  if (!recorder) return undefined;
  let attendant = attendants.get(recorder);
  if (!attendant)
    attendants.set(recorder, (attendant = new Attendant(() => recorder.store(), settings.history.retention)));
  return attendant;
}

function write(value: unknown): string {
  const chunks = json().serialize(value) as readonly Uint8Array[];
  return Buffer.concat(chunks).toString();
}

/** How long an exit waits for another process that writes the history, in milliseconds. */
const patienceMs = 1000;

function flushAtTheEnd(): void {
  process.on("beforeExit", () => void flushHistory());
  process.on("exit", () => {
    const until = performance.now() + patienceMs;
    for (const recorder of recorders.values()) recorder.flushNow(Math.max(0, until - performance.now()));
  });
}

/** Waits until all that has happened is in the history. */
export async function flushHistory(): Promise<void> {
  await Promise.all([...recorders.values()].map((recorder) => recorder.flush()));
}

/** Tells the recorders of runs. */
export const recording: RunWatcher = {
  entered(run, state) {
    if (!(run instanceof TaskRun || run instanceof FlowRun)) return;
    recorderFor(run.settings)?.note(run, state);
    if (run instanceof FlowRun) attendantOf(run.settings)?.entered(run, state);
  },
};

/** The values that {@link write} wrote. */
export function readShown({ json: text }: Shown): Record<string, unknown> {
  return json().deserialize(Buffer.from(text)) as Record<string, unknown>;
}
