import { describeError } from "../kernel/errors.ts";
import type { State } from "../states/state.ts";
import type { StateHook } from "./definition.ts";
import type { Run } from "./run.ts";
import { enter, type Scope } from "./scope.ts";

/** Runs the hooks of a state one after the other, inside the run. One that throws is logged, and the next one runs. */
export async function runHooks<V>(
  hooks: ReadonlyArray<StateHook<V>>,
  run: NoInfer<V> & Run & Scope,
  state: State,
): Promise<void> {
  // A plan only looks.
  if (run.flowRun?.planner) return;
  run.hooks += 1;
  for (const hook of hooks) {
    run.logger.debug(`Running hook '${hook.name}' in response to entering state '${state.name}'`);
    try {
      await enter(run, () => hook.call(run, state));
    } catch (error) {
      run.logger.error(`An error was encountered while running hook '${hook.name}': ${describeError(error)}`);
    }
  }
  run.hooks -= 1;
}
