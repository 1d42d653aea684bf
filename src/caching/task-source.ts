import { HashError } from "../kernel/errors.ts";
import { sourceDigest } from "../hashing/function-source.ts";
import type { Component, KeyContext, KeyTask, PolicyMember } from "./cache-policy.ts";

/** The member behind `TASK_SOURCE`: the task's name, its version and its own code, without comments and formatting. */
export class TaskSourceMember implements PolicyMember {
  readonly kind = "task-source";

  contribute({ task }: KeyContext): readonly Component[] {
    let components = componentsByTask.get(task);
    if (!components) componentsByTask.set(task, (components = [["task-source", describe(task)]]));
    return components;
  }

  merge(): PolicyMember {
    return this;
  }
}

// The code of a function does not change, so its digest is made once per task.
const componentsByTask = new WeakMap<KeyTask, readonly Component[]>();

function describe(task: KeyTask): string {
  const source = sourceDigest(task.fn);
  if ("digest" in source) return JSON.stringify([task.name, task.version ?? null, source.digest]);
  if (task.version !== undefined) return JSON.stringify([task.name, task.version]);
  throw new HashError("source", "function", `Cannot read the source of task "${task.name}": ${source.unavailable}`, {
    hint: "wrap it in a function of your own, or give the task a `version`",
  });
}
