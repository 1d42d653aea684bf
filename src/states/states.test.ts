import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CancelledError, MissingResultError } from "../kernel/errors.ts";
import { Decision } from "./decision.ts";
import { State, type StateType } from "./state.ts";
import {
  awaitingRetry,
  cached,
  cancelled,
  completed,
  crashed,
  failed,
  mayFollow,
  notReady,
  pending,
  retrying,
  running,
  timedOut,
} from "./transitions.ts";

const error = new Error("no");
const decision = new Decision("hit", "why");
const made = [
  pending(1),
  notReady(1, error),
  running(1),
  retrying(1),
  awaitingRetry(1, 5),
  completed(1, 2),
  cached(1, 2, decision, true),
  failed(1, "Task", error),
  timedOut(1, "late", error),
  crashed(1, "gone", error),
  cancelled(1, error),
];

describe("states", () => {
  it("are written as Prefect writes them", () => {
    expect(made.map(String)).toEqual([
      "Pending()",
      "NotReady('no', type=PENDING)",
      "Running()",
      "Retrying(type=RUNNING)",
      "AwaitingRetry('Next attempt in 0.005 second(s)', type=SCHEDULED)",
      "Completed()",
      "Cached(type=COMPLETED)",
      "Failed('Task run encountered an exception Error: no')",
      "TimedOut('late', type=FAILED)",
      "Crashed('gone')",
      "Cancelled('no')",
    ]);
  });

  it("give their value, or throw what the run threw, or say that there is none yet", () => {
    expect(completed(1, undefined).result()).toBeUndefined();
    expect(cached(1, 2, decision, true).result()).toBe(2);
    expect(() => failed(1, "Task", error).result()).toThrow(error);
    expect(() => running(1).result()).toThrow(MissingResultError);
    expect(() => new State("CANCELLED", "Cancelled", 1).result()).toThrow(CancelledError);
    expect(() => new State("FAILED", "Failed", 1).result()).toThrow(MissingResultError);
  });

  it("are final in four types, and nothing follows those", () => {
    const types: StateType[] = [
      "SCHEDULED",
      "PENDING",
      "RUNNING",
      "COMPLETED",
      "FAILED",
      "CRASHED",
      "CANCELLING",
      "CANCELLED",
      "PAUSED",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.constantFrom(...types), (from, to) => {
        if (new State(from, from, 1).isFinal) expect(mayFollow(from, to)).toBe(false);
      }),
    );
    expect(types.filter((type) => new State(type, type, 1).isFinal)).toEqual([
      "COMPLETED",
      "FAILED",
      "CRASHED",
      "CANCELLED",
    ]);
  });
});

describe("a decision", () => {
  it("makes its words when they are asked for, once", () => {
    let asked = 0;
    const lazy = new Decision("miss", () => `reason ${++asked}`, "key");
    expect(asked).toBe(0);
    expect([String(lazy), lazy.reason]).toEqual(["miss: reason 1", "reason 1"]);
    expect(JSON.parse(JSON.stringify(lazy))).toEqual({ outcome: "miss", reason: "reason 1", key: "key", savedMs: 0 });
  });
});
