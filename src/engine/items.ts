/* What the caller of a generator goes through; gather.ts says how it works. */
import { Outlet } from "./outlet.ts";
import { runTask } from "./task-engine.ts";
import type { TaskRun } from "./task-run.ts";
import type { Yielded } from "./gather.ts";

/** What the caller of a task goes through. The run begins when the first item is asked for. */
export async function* itemsOf(run: TaskRun): AsyncGenerator<unknown, void> {
  const { channel } = (run.outlet = new Outlet());
  const ended = runTask(run).then((state) => {
    try {
      const result = state.result();
      channel.close();
      return result as Yielded | undefined;
    } catch (error) {
      channel.fail(error);
      return undefined;
    }
  });
  let isDone = false;
  try {
    yield* channel;
    isDone = true;
  } finally {
    channel.close();
    const replay = await ended;
    if (isDone && replay) yield* replay;
  }
}
