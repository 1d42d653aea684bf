/* What the caller of a generator goes through; gather.ts says how it works. */
import { CancelledError } from "../kernel/errors.ts";
import type { State } from "../states/state.ts";
import { openIn, Outlet } from "./outlet.ts";
import { runTask } from "./task-engine.ts";
import type { TaskRun } from "./task-run.ts";
import type { Yielded } from "./gather.ts";

/** What the caller of a task goes through. The run begins when the first item is asked for. */
export async function* itemsOf(run: TaskRun): AsyncGenerator<unknown, void> {
  const outlet = (run.outlet = new Outlet());
  const { channel } = outlet;
  let state: State | undefined;
  const ended = runTask(run).then((final) => {
    state = final;
    try {
      final.result();
      channel.close();
    } catch (error) {
      channel.fail(error);
    }
    return final;
  });
  openIn([run.parent ?? run.flowRun, run.joins], { leave: (around) => leave(run, outlet, around), ended });
  let isThrough = false;
  try {
    for (let next = await channel.next(); !next.done; next = await channel.next()) {
      try {
        yield next.value;
      } catch (error) {
        // Thrown by the caller: the generator gets it where it has yielded, as a plain one would.
        if (channel.isClosed) throw error;
        outlet.thrown = { error };
      }
    }
    isThrough = true;
  } finally {
    if (!isThrough && !state) await stop(outlet, ended);
  }
  for await (const item of ((await ended).result() ?? []) as Yielded) yield item;
}

/** The caller stops early. @throws what the generator throws while it cleans up */
async function stop({ channel }: Outlet, ended: Promise<State>): Promise<void> {
  channel.close();
  const state = await ended;
  if (state.isFailed) throw state.error;
}

/** The run or the transaction in which the call was made has come to its end. */
function leave(run: TaskRun, outlet: Outlet, around: string): void {
  if (outlet.left !== undefined || run.state?.isFinal) return;
  outlet.left = "it was left open";
  // Ended already, with what is around it.
  if (run.interruption) return outlet.channel.fail(run.interruption.error);
  const why = `${around} has ended, and not all items were taken`;
  run.logger.warn(`Closed, and not stored. ${why}: go through them with 'for await', or end that with 'return()'`);
  const error = new CancelledError(`${run.label} was closed. ${why}`);
  // Where it waits for its caller it ends as if that had stopped; where it works, it is cancelled.
  if (outlet.isHeld) outlet.channel.fail(error);
  else run.cancel(error);
}
