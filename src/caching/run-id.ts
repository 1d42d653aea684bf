import type { Component, KeyContext, PolicyMember } from "./cache-policy.ts";

/** The member behind `RUN_ID`: the id of the flow run, or of the task run where there is no flow. */
export class RunIdMember implements PolicyMember {
  readonly kind = "run-id";

  contribute({ runId }: KeyContext): readonly Component[] {
    return [["run-id", JSON.stringify(runId)]];
  }

  merge(): PolicyMember {
    return this;
  }
}
