import type { StateType } from "../../states/state.ts";
import { ConfigurationError } from "../../kernel/errors.ts";
import { finalTypes, unfinishedTypes } from "./states.ts";

const types: ReadonlySet<string> = new Set<StateType>([...finalTypes, ...unfinishedTypes, "PAUSED"]);

/** Whether a state is asked for by its type, which is in capitals, or by its name. */
export function stateColumn(state: string): "state_type" | "state_name" {
  return types.has(state) ? "state_type" : "state_name";
}

/** Texts that begin with this one come before it, in the order of their bytes. */
export function endOf(beginning: string): string {
  return `${beginning}\u{10FFFF}`;
}

const defaultLimit = 50;
/** What both SQLite and PostgreSQL take for all of them. */
const mostRows = 2 ** 31 - 1;

/** @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where it is no number of rows */
export function limitOf(limit: number | undefined, otherwise: number = defaultLimit): number {
  if (limit === undefined) return Math.min(otherwise, mostRows);
  if (limit === Number.POSITIVE_INFINITY) return mostRows;
  if (Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `limit: ${String(limit)} is no number of rows`, {
    hint: "pass 0 or more, or Infinity for all",
  });
}
