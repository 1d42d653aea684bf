/* Runs something, and shows how it goes on. */
import { services } from "../../defaults.ts";
import { withScope } from "../../engine/scope.ts";
import { loadSettings, type SettingsOverrides } from "../../settings/settings.ts";
import type { State } from "../../states/state.ts";
import { Progress } from "./progress.ts";
import { reportEnd, stateLines } from "./report.ts";
import type { Terminal } from "../terminal.ts";

/** What is known of what runs. */
export interface Following {
  /** `Flow "etl"` */
  readonly title: string;
  readonly settings?: SettingsOverrides;
  readonly json: boolean;
}

/** Runs something with a line of progress, or lines of JSON, and says how it ended. @returns the exit code */
export async function follow(
  call: () => Promise<State>,
  { title, settings, json }: Following,
  terminal: Terminal,
): Promise<number> {
  const isShown = !json && terminal.stderr.isTTY && loadSettings(settings).logging.format === "text";
  const progress = isShown ? new Progress(terminal, title) : undefined;
  const watcher = progress ?? (json ? stateLines(terminal.stdout) : undefined);
  const leave = watcher && services.watchers.add(watcher);
  const stop = progress?.start();
  let state: State;
  try {
    state = await withScope(services, { settings, ...(progress && { sink: progress }) }, call);
  } finally {
    stop?.();
    leave?.();
    services.sink.flush();
  }
  return reportEnd(title, state, json, terminal);
}
