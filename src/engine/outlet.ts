/*
 * DESIGN. Where the items of a generator go, one by one, and who closes it where its caller goes away without a word: `next()` was
 * called, `return()` never. The run or the transaction in which the call was made waits for it, so at its end it closes what is open.
 */
import { Channel } from "../kernel/channel.ts";

/** Where the items of a generator go, one by one. */
export class Outlet {
  readonly channel: Channel<unknown> = new Channel();
  /** Whether any was handed out: from then on a failure cannot be tried again. */
  isUsed = false;
  /** Whether the function waits for the caller, who has an item and has not asked for the next one. */
  isHeld = false;
  /** What the caller has thrown into the generator, until that has got it. */
  thrown: { readonly error: unknown } | undefined;
  /** Why it is closed, where the run or the transaction around it did that. */
  left: string | undefined;
}

/** A call of a generator that somebody goes through. */
export interface OpenItems {
  /** Ends it: nobody takes items any more. @param around what it was left open in */
  leave(around: string): void;
  /** Settles when its run has ended. Never rejects. */
  readonly ended: Promise<unknown>;
}

const open = new WeakMap<object, Set<OpenItems>>();
// Asked for at the end of each run: most programs have no generators.
let count = 0;

/** Notes a call for those in which it was made, until it ends. */
export function openIn(owners: ReadonlyArray<object | undefined>, items: OpenItems): void {
  const lists = owners.filter((owner) => owner !== undefined).map((owner) => listOf(owner).add(items));
  if (lists.length === 0) return;
  count += 1;
  void items.ended.then(() => {
    count -= 1;
    for (const list of lists) list.delete(items);
  });
}

function listOf(owner: object): Set<OpenItems> {
  const list = open.get(owner) ?? new Set<OpenItems>();
  open.set(owner, list);
  return list;
}

/** How many calls that were made in a run or a transaction are still gone through, or left behind. */
export function openItems(owner: object): number {
  return count > 0 ? (open.get(owner)?.size ?? 0) : 0;
}

/** Ends what was left open in a run or a transaction, which ends itself. Never rejects. @param label names the owner */
export async function closeItems(owner: object, label: string): Promise<void> {
  while (openItems(owner) > 0) {
    const all = [...open.get(owner)!];
    for (const items of all) items.leave(label);
    await Promise.all(all.map(({ ended }) => ended));
  }
}
