/**
 * Does the same work for many items, for `atOnce` of them at once, and gives the outcomes in the order of the items. The first
 * failure ends it. Whoever reads slowly, or stops early, has no more than `atOnce` done in advance.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const begun: Array<Promise<R>> = [];
  for await (const item of items) {
    const next = work(item);
    // It is awaited below, unless the reader leaves or an earlier one fails: then nobody waits for it any more.
    next.catch(() => undefined);
    begun.push(next);
    if (begun.length >= atOnce) yield await begun.shift()!;
  }
  for (const next of begun) yield await next;
}
