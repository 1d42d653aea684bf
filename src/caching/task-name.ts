import type { Component, KeyContext, PolicyMember } from "./cache-policy.ts";

/** The member behind `TASK_NAME`: the name that the task was given. */
export class TaskNameMember implements PolicyMember {
  readonly kind = "task-name";

  contribute({ task }: KeyContext): readonly Component[] {
    return [["task-name", JSON.stringify(task.name)]];
  }

  merge(): PolicyMember {
    return this;
  }
}
