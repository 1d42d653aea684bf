import type { StateType } from "../../states/state.ts";
import type { StateRow } from "../run-store.ts";

/**
 * A state as it is written: its name, the milliseconds since the first one, its type where that is not the name in capitals, its
 * message. `["Cached", 5, "COMPLETED"]`.
 */
export type WrittenState = readonly [name: string, after: number, type?: StateType | 0, message?: string];

/** The difference of two times of one run is exact, and so is the sum later: none loses its fraction. */
export function writeState({ name, type, timestamp, message }: StateRow, began: number): WrittenState {
  const after = timestamp - began;
  const usual = name.toUpperCase() === type;
  if (message !== undefined) return [name, after, usual ? 0 : type, message];
  return usual ? [name, after] : [name, after, type];
}

/** The state of {@link writeState}. */
export function readState([name, after, type, message]: WrittenState, began: number): StateRow {
  const state = { type: type || (name.toUpperCase() as StateType), name, timestamp: began + after };
  return message === undefined ? state : { ...state, message };
}

/** States that nothing follows. */
export const finalTypes: readonly StateType[] = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"];
/** States of runs that somebody is at work on. */
export const unfinishedTypes: readonly StateType[] = ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"];
