import { andThen, quiet, type Awaitable } from "../kernel/awaitable.ts";
import { sleep, systemClock } from "../kernel/clock.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { whyNoKey } from "../kernel/keys.ts";
import type { Absent, CacheKeyFn, Component, KeyContext, PolicyMember } from "./cache-policy.ts";

/** The member behind `cacheKeyFn(fn)` and `cacheKey("static")`. Alone in a policy, its string is the key itself. */
export class KeyFnMember implements PolicyMember {
  readonly kind = "key-fn";
  readonly #fn: CacheKeyFn<never>;
  #isChecked = false;

  constructor(fn: CacheKeyFn<never>) {
    this.#fn = fn;
  }

  contribute(context: KeyContext): Awaitable<readonly Component[] | Absent> {
    return andThen(this.verbatim(context), (key) =>
      typeof key === "string" ? [["key-fn", JSON.stringify(key)] as const] : key,
    );
  }

  verbatim(context: KeyContext): Awaitable<string | Absent> {
    const first = quiet(this.#call(context));
    if (!context.checkKeyFunctions) return andThen(first, check);
    const second = quiet(this.#isChecked ? this.#call(context) : this.#callLater(context));
    return andThen(first, (one) => andThen(second, (two) => check(sameTwice(one, two))));
  }

  /** The first time, the clock has moved on between the two calls: a key that holds the time is seen for certain. */
  async #callLater(context: KeyContext): Promise<unknown> {
    this.#isChecked = true;
    await sleep(systemClock, 2);
    return this.#call(context);
  }

  merge(other: PolicyMember): PolicyMember | undefined {
    return (other as KeyFnMember).#fn === this.#fn ? this : undefined;
  }

  #call(context: KeyContext): Awaitable<unknown> {
    return this.#fn(context.run as never, { ...context.inputs });
  }
}

function sameTwice(first: unknown, second: unknown): unknown {
  if (Object.is(first, second) || (typeof first !== "string" && typeof second !== "string")) return first;
  throw new ConfigurationError(
    "OXBOW_KEY_INVALID",
    `The key function is not deterministic: it gave ${show(first)} and then ${show(second)} for one call`,
    { hint: "leave out the time, random numbers and other things that change from call to call" },
  );
}

function show(key: unknown): string {
  return typeof key === "string" ? JSON.stringify(key) : String(key);
}

function check(key: unknown): string | Absent {
  if (key === undefined || key === null) return { absent: "the key function returned nothing" };
  const fault = whyNoKey(key);
  if (fault === undefined) return key as string;
  throw new ConfigurationError("OXBOW_KEY_INVALID", `The key function returned ${fault}`, {
    hint: "return a string of 1 to 10,000 characters, or undefined for no caching",
  });
}
