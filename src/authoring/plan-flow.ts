import { services } from "../defaults.ts";
import type { FlowDefinition } from "../engine/definition.ts";
import { runFlow } from "../engine/flow-engine.ts";
import { FlowRun } from "../engine/flow-run.ts";
import { Plan, Planner } from "../engine/planner.ts";
import { scopeForRun, withScope } from "../engine/scope.ts";
import type { Services } from "../engine/services.ts";
import { Watchers } from "../engine/watchers.ts";

/** After so long without a step, what is left waits for what is not stored. */
const quietMs = 200;

// Nobody follows a plan, and nothing of it is written down.
const planServices: Services = { ...services, watchers: new Watchers(), recorder: () => undefined };
const silence = { logging: { level: "off" }, history: { enabled: false } } as const;

/** What a run of a flow would find in the cache. */
export function planFlow(definition: FlowDefinition, args: readonly unknown[]): Promise<Plan> {
  return withScope(planServices, { settings: silence }, async () => {
    const planner = new Planner();
    const run = new FlowRun(definition, args, scopeForRun(planServices), { planner });
    const body = runFlow(run);
    const isComplete = await planner.watch(body, quietMs, (reason) => run.interrupt({ kind: "crash", error: reason }));
    const { state } = run;
    return new Plan(planner.tasks(), isComplete, isComplete && state?.isFailed ? state.error : undefined);
  });
}
