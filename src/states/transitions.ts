/*
 * Which states a run goes through, and how each is made. The order is Prefect's:
 *
 *   Pending ─▶ Running ─▶ Completed | Cached | Failed | TimedOut | Crashed | Cancelled
 *      │          │  ▲
 *      │          ▼  │  (after a failed attempt)
 *      │     [AwaitingRetry ─▶] Retrying
 *      └─▶ NotReady   (an upstream future did not complete)
 */
import { describeError, messageOf } from "../kernel/errors.ts";
import type { Decision } from "./decision.ts";
import { State, type StateType } from "./state.ts";

const next: Readonly<Record<StateType, readonly StateType[]>> = {
  SCHEDULED: ["PENDING", "RUNNING", "CANCELLED", "CRASHED"],
  PENDING: ["PENDING", "RUNNING", "FAILED", "CANCELLED", "CRASHED", "PAUSED"],
  RUNNING: ["RUNNING", "SCHEDULED", "COMPLETED", "FAILED", "CRASHED", "CANCELLING", "CANCELLED", "PAUSED"],
  PAUSED: ["SCHEDULED", "PENDING", "RUNNING", "CANCELLED", "CRASHED", "FAILED"],
  CANCELLING: ["CANCELLED", "CRASHED"],
  COMPLETED: [],
  FAILED: [],
  CRASHED: [],
  CANCELLED: [],
};

/** Whether a run in a state of type `from` may go to one of type `to`. Nothing follows a final state. */
export function mayFollow(from: StateType, to: StateType): boolean {
  return next[from].includes(to);
}

export function pending(at: number): State<never> {
  return new State("PENDING", "Pending", at);
}

export function notReady(at: number, cause: unknown): State<never> {
  return new State("PENDING", "NotReady", at, { message: messageOf(cause), error: cause });
}

export function running(at: number): State<never> {
  return new State("RUNNING", "Running", at);
}

export function retrying(at: number): State<never> {
  return new State("RUNNING", "Retrying", at);
}

export function paused(at: number, name: "Paused" | "Suspended", message: string, error?: unknown): State<never> {
  return new State("PAUSED", name, at, error === undefined ? { message } : { message, error });
}

export function resuming(at: number): State<never> {
  return new State("RUNNING", "Resuming", at);
}

export function awaitingRetry(at: number, delayMs: number): State<never> {
  return new State("SCHEDULED", "AwaitingRetry", at, { message: `Next attempt in ${delayMs / 1000} second(s)` });
}

export function completed<R>(at: number, value: R, decision?: Decision, persisted = false): State<R> {
  return new State<R>("COMPLETED", "Completed", at, { value, decision, persisted });
}

export function cached<R>(at: number, value: R, decision: Decision, persisted: boolean, message?: string): State<R> {
  return new State<R>("COMPLETED", "Cached", at, { value, decision, persisted, message });
}

export function failed(at: number, kind: "Task" | "Flow", error: unknown, decision?: Decision): State<never> {
  return new State("FAILED", "Failed", at, {
    message: `${kind} run encountered an exception ${describeError(error)}`,
    error,
    decision,
  });
}

export function timedOut(at: number, message: string, error: unknown, decision?: Decision): State<never> {
  return new State("FAILED", "TimedOut", at, { message, error, decision });
}

export function crashed(at: number, message: string, error: unknown): State<never> {
  return new State("CRASHED", "Crashed", at, { message, error });
}

export function cancelled(at: number, error: unknown, decision?: Decision): State<never> {
  return new State("CANCELLED", "Cancelled", at, { message: messageOf(error), error, decision });
}
