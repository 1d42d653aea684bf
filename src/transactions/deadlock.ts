/*
 * DESIGN. Transactions of this process that wait for each other. A transaction that waits for a lock waits for the end of the one that
 * holds it; that one ends when all that runs inside it has ended. Where this leads back to who waits, nobody would ever go on.
 *
 * What it promises: such a wait is refused, when it begins, or when a lock that was handed on makes it one. Circles that lead through
 * another process are not seen: there, a time-out ends them.
 * What it costs: nothing while the holder of a lock waits for nobody.
 * In the literature: a cycle in the waits-for graph (Coffman, Elphick, Shoshani, "System Deadlocks", 1971).
 */

/** What can wait for locks, and be waited for. */
export interface Waiter {
  /** What cannot end before this one has: the transaction around it, or the one whose hook it runs in. */
  readonly within: Waiter | undefined;
}

/** A wait that goes on. */
export interface Wait {
  readonly waiter: Waiter;
  /** Who has to end first, as it is now; `undefined` where that is not of this process. */
  target(): Waiter | undefined;
  /** Ends the wait: it would never end by itself. */
  refuse(): void;
}

/** By the outermost transaction of the waiter. */
const waits = new Map<Waiter, Set<Wait>>();

/** Whether `waiter` waiting for the end of `target` is a circle. */
export function isCircle(waiter: Waiter, target: Waiter, seen: Set<Wait> = new Set()): boolean {
  if (isWithin(waiter, target)) return true;
  for (const wait of waits.get(outermost(target)) ?? []) {
    if (seen.has(wait) || !isWithin(wait.waiter, target)) continue;
    seen.add(wait);
    const next = wait.target();
    if (next && isCircle(waiter, next, seen)) return true;
  }
  return false;
}

/** Notes that a wait begins. @returns a function that notes its end */
export function noteWait(wait: Wait): () => void {
  const root = outermost(wait.waiter);
  const others = waits.get(root) ?? new Set();
  waits.set(root, others.add(wait));
  return () => {
    others.delete(wait);
    if (others.size === 0) waits.delete(root);
  };
}

/** A lock was granted: waits that have become circles by that are refused. */
export function refuseCircles(holder: Waiter): void {
  if (!waits.has(outermost(holder))) return;
  for (const others of [...waits.values()]) {
    for (const wait of [...others]) {
      const target = wait.target();
      if (target && isWithin(holder, target) && isCircle(wait.waiter, target)) wait.refuse();
    }
  }
}

/** Whether `inner` is `outer` or somewhere inside it. */
export function isWithin(inner: Waiter, outer: Waiter): boolean {
  for (let node: Waiter | undefined = inner; node; node = node.within) if (node === outer) return true;
  return false;
}

function outermost(waiter: Waiter): Waiter {
  let node = waiter;
  while (node.within) node = node.within;
  return node;
}
