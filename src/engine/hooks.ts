import { describeError } from "../kernel/errors.ts";
import type { State } from "../states/state.ts";
import type { StateHook } from "./definition.ts";
import type { Run } from "./run.ts";

/** Runs the hooks of a state one after the other. One that throws is logged, and the next one runs. */
export async function runHooks<T, V>(hooks: ReadonlyArray<StateHook<T, V>>, subject: T, run: Run, state: State): Promise<void> {
  for (const hook of hooks) {
    const name = hook.name || "anonymous";
    run.logger.debug(`Running hook '${name}' in response to entering state '${state.name}'`);
    try {
      await hook(subject, run as unknown as V, state);
    } catch (error) {
      run.logger.error(`An error was encountered while running hook '${name}': ${describeError(error)}`);
    }
  }
}
