/*
 * DESIGN. A task whose function is a generator: its result is what it yields.
 *
 *   called:                 items go to the caller as they come, and into the record beside that; a hit replays them
 *   .run, .submit, .map:    nobody takes items one by one; the result is the list of them
 *
 * An item is written down before the caller sees it, who may change it. The generator goes on when the caller asks for the next one. Once
 * an item has been handed out, a failure is no longer tried again: the caller would see items twice. Where the caller stops early, throws
 * an error into the generator, or leaves it open (outlet.ts), nothing is recorded.
 */
import { quiet } from "../kernel/awaitable.ts";
import { Channel } from "../kernel/channel.ts";
import { describeError } from "../kernel/errors.ts";
import type { EncodedValue } from "../results/encode.ts";
import type { CachePlan } from "./cache-plan.ts";
import type { Outlet } from "./outlet.ts";
import { Recorded, Unrecorded } from "./recording.ts";
import type { TaskRun } from "./task-run.ts";

/** What a generator gives. */
export type Yielded = AsyncIterable<unknown> | Iterable<unknown>;

/** Goes through what the body of a run yields: the items go to where they are wanted. */
export async function gather(run: TaskRun, plan: CachePlan, items: Yielded): Promise<unknown> {
  const isOver = watchAttempt(run);
  const { outlet } = run;
  if (!outlet) return listOf(items, isOver);
  const record = plan.kind === "with" && plan.mayWrite ? new Channel<unknown>() : undefined;
  const encoded = record && plan.kind === "with" ? quiet(plan.store.encodeItems(record)) : undefined;
  // A serializer that takes no items never asks for one.
  if (record && encoded instanceof Promise) encoded.catch(() => void record.return());
  try {
    const stopped = await handOut(iteratorOf(items), outlet, record, isOver);
    if (stopped !== undefined) {
      record?.fail(new Error(stopped));
      return new Unrecorded(undefined, `not stored: ${stopped}`);
    }
  } catch (error) {
    record?.fail(error);
    throw error;
  }
  record?.close();
  return encoded && recordOf(encoded);
}

/** Whether the attempt that runs now is over. It may go on by itself: what it still yields is nobody's. */
function watchAttempt(run: TaskRun): () => boolean {
  const { attempt, overrun } = run;
  return () => run.attempt !== attempt || run.overrun !== overrun || run.interruption !== undefined;
}

/** @returns why there are not all of them in the record; `undefined` where there are */
async function handOut(
  items: AsyncIterator<unknown>,
  outlet: Outlet,
  record: Channel<unknown> | undefined,
  isOver: () => boolean,
): Promise<string | undefined> {
  let hasThrown = false;
  for (let step = await items.next(); !step.done; ) {
    await record?.push(step.value);
    if (isOver()) return stop(items, "the attempt was over");
    outlet.isUsed = outlet.isHeld = true;
    const isTaken = await outlet.channel.push(step.value);
    outlet.isHeld = false;
    if (!isTaken) return stop(items, outlet.left ?? "the caller stopped early");
    const { thrown } = outlet;
    outlet.thrown = undefined;
    hasThrown ||= thrown !== undefined;
    step = await (thrown ? throwInto(items, thrown.error) : items.next());
  }
  return hasThrown ? "the caller threw an error into it" : undefined;
}

async function stop(items: AsyncIterator<unknown>, reason: string): Promise<string> {
  await items.return?.();
  return reason;
}

async function throwInto(items: AsyncIterator<unknown>, error: unknown): Promise<IteratorResult<unknown>> {
  if (items.throw) return items.throw(error);
  await items.return?.();
  throw error;
}

function iteratorOf(items: Yielded): AsyncIterator<unknown> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : awaited(items);
}

async function* awaited(items: Iterable<unknown>): AsyncGenerator<unknown, void> {
  yield* items;
}

async function recordOf(encoded: EncodedValue | Promise<EncodedValue>): Promise<Recorded | Unrecorded> {
  try {
    return new Recorded(await encoded, () => undefined);
  } catch (error) {
    return new Unrecorded(undefined, describeError(error), error);
  }
}

/** The items, where nobody takes them one by one. @param isOver whether nobody wants them any more */
export async function listOf(items: Yielded, isOver: () => boolean = () => false): Promise<readonly unknown[]> {
  const list: unknown[] = [];
  for await (const item of items) {
    if (isOver()) break;
    list.push(item);
  }
  return list;
}
