/*
 * DESIGN. A task whose function is a generator: its result is what it yields.
 *
 *   called:                 items go to the caller as they come, and into the record beside that; a hit replays them
 *   .run, .submit, .map:    nobody takes items one by one; the result is the list of them
 *
 * An item is written down before the caller sees it, who may change it. The generator goes on when the caller asks for the next one. Once
 * an item has been handed out, a failure is no longer tried again: the caller would see items twice. Where the caller stops early, nothing
 * is recorded.
 */
import { quiet } from "../kernel/awaitable.ts";
import { Channel } from "../kernel/channel.ts";
import { describeError } from "../kernel/errors.ts";
import type { EncodedValue } from "../results/encode.ts";
import type { CachePlan } from "./cache-plan.ts";
import { Recorded, Unrecorded } from "./recording.ts";
import type { TaskRun } from "./task-run.ts";

/** What a generator gives. */
export type Yielded = AsyncIterable<unknown> | Iterable<unknown>;

/** Goes through what the body of a run yields: the items go to where they are wanted. */
export async function gather(run: TaskRun, plan: CachePlan, items: Yielded): Promise<unknown> {
  if (!run.outlet) return listOf(items);
  const record = plan.kind === "with" && plan.mayWrite ? new Channel<unknown>() : undefined;
  const encoded = record && plan.kind === "with" ? quiet(plan.store.encodeItems(record)) : undefined;
  // A serializer that takes no items never asks for one.
  if (record && encoded instanceof Promise) encoded.catch(() => void record.return());
  const { attempt } = run;
  try {
    for await (const item of items) {
      await record?.push(item);
      // An attempt whose time is over may go on by itself: what it still yields is nobody's.
      if (run.attempt !== attempt) return undefined;
      run.outlet.isUsed = true;
      if (await run.outlet.channel.push(item)) continue;
      record?.fail(new Error("the caller stopped early"));
      return new Unrecorded(undefined, "not stored: the caller stopped early");
    }
  } catch (error) {
    record?.fail(error);
    throw error;
  }
  record?.close();
  return encoded && recordOf(encoded);
}

async function recordOf(encoded: EncodedValue | Promise<EncodedValue>): Promise<Recorded | Unrecorded> {
  try {
    return new Recorded(await encoded, () => undefined);
  } catch (error) {
    return new Unrecorded(undefined, describeError(error), error);
  }
}

/** The items of a hit, where nobody takes them one by one. */
export async function listOf(items: Yielded): Promise<readonly unknown[]> {
  const list: unknown[] = [];
  for await (const item of items) list.push(item);
  return list;
}
