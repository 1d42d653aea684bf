/** The method by which an object says what of it counts for a cache key. */
export const cacheKeySymbol: unique symbol = Symbol.for("oxbow.cacheKey") as never;

type Choose = (instance: never) => unknown;

const byPrototype = new Map<object, Choose>();

/**
 * Says what counts for a cache key in the instances of a class that you cannot change. Instances of subclasses
 * are treated the same, unless their own class is registered too. Registering a class again replaces.
 *
 * The key holds the name of the instance's class and what `stabilizer` returns, which may be anything that can be
 * hashed. A class of your own can have a method `[Symbol.for("oxbow.cacheKey")]()` instead.
 *
 * @param Class the class
 * @param stabilizer returns the state by which two instances are told apart; not a promise, nor the instance
 * @example
 * ```ts
 * class Client { constructor(readonly baseUrl: string, readonly socket: unknown) {} }
 * registerStabilizer(Client, (client) => client.baseUrl);
 * ```
 */
export function registerStabilizer<T extends object>(
  Class: { readonly prototype: T },
  stabilizer: (instance: T) => unknown,
): void {
  byPrototype.set(Class.prototype, stabilizer);
}

/** What an object or its class chose to count, to be called with nothing; the nearest class decides. */
export function chosenState(value: object): (() => unknown) | undefined {
  const holder = value as { [cacheKeySymbol]?: () => unknown };
  if (byPrototype.size === 0 && holder[cacheKeySymbol] === undefined) return undefined;
  for (let at: object | null = value; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const registered = byPrototype.get(at);
    if (registered !== undefined) return () => registered(value as never);
    if (Object.hasOwn(at, cacheKeySymbol)) return () => holder[cacheKeySymbol]!();
  }
  return undefined;
}
