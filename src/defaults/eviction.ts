/* Keeping the default result storage small. What does it is loaded when the first result has been written, and not before a second has passed. */
import { currentScope } from "../engine/scope.ts";
import { messageOf } from "../kernel/errors.ts";
import { systemClock } from "../kernel/clock.ts";
import { stderrSink } from "../logging/stderr-sink.ts";
import { acceptedSources } from "../maintenance/accepted-sources.ts";
import { setAcceptedSources } from "../caching/task-source.ts";
import { lastSettings, type Settings } from "../settings/settings.ts";
import type { Storage } from "../storage/storage.ts";
import { historyOf, recorderOf } from "./history.ts";

const loadAfterMs = 1000;

/** What is told of each result that goes to a storage, with its bytes; `undefined` where the settings set no limits, or it is not on this machine. */
export function evictionOf(storage: Storage, settings: Settings): ((bytes: number) => void) | undefined {
  const { maxAge, maxSize } = settings.cache;
  if (!isLocal(storage) || (maxAge === undefined && maxSize === 0)) return undefined;
  let note: ((bytes: number) => void) | undefined;
  let written = 0;
  let isLoading = false;
  const load = async (): Promise<void> => {
    const { Evictor } = await import("../maintenance/evictor.ts");
    const evictor = new Evictor({
      storage,
      maxAge: maxAge === undefined ? undefined : { milliseconds: maxAge },
      maxSize,
      history: settings.history.enabled ? await historyOf(settings) : undefined,
      onError: (error) => say(`The result storage could not be kept small: ${messageOf(error)}`),
      onEvicted: () => noteRemoval(settings),
    });
    evictor.noteWrite(written);
    note = (bytes) => evictor.noteWrite(bytes);
  };
  return (bytes) => {
    if (note) return note(bytes);
    written += bytes;
    if (isLoading) return;
    isLoading = true;
    setTimeout(() => void load().catch((error: unknown) => say(messageOf(error))), loadAfterMs).unref();
  };
}

/** Elsewhere it would cost a request per record, and the place has rules of its own for what is old. */
function isLocal({ kind }: Storage): boolean {
  return kind === "sqlite" || kind === "file" || kind === "memory";
}

/** From now on a miss may have this reason. */
function noteRemoval(settings: Settings): void {
  const recorder = recorderOf(settings);
  if (recorder) recorder.hasRemovals = true;
}

function say(message: string): void {
  stderrSink().write({ time: systemClock.now(), level: "warn", source: "oxbow", message });
}

/** Has changes of tasks count that were accepted: see maintenance/accept.ts. */
export function useAcceptedSources(): void {
  const path = (): string => (currentScope()?.settings ?? lastSettings()).caching.acceptedPath;
  setAcceptedSources(acceptedSources(path, (error) => say(`What was accepted could not be read: ${messageOf(error)}`)));
}
