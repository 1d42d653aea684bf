import type { CachePolicy } from "../caching/cache-policy.ts";
import { FLOW_PARAMETERS, INPUTS } from "../defaults.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import type { RecordMetadata } from "../storage/storage.ts";

/*
 * DESIGN: which stored results a call may use.
 *
 * What it does: what a validator looks at becomes part of the cache key, as `Vary` does with a response of HTTP. So the results for
 * several inputs live side by side, and the one that fits is found by one lookup, not by going through all of them.
 * What it promises: a result is used under the same circumstances as by the older validators, among tasks that have the same one. Two
 * tasks with one `cacheKey` and different validators look under different keys.
 * A function of one's own cannot be a part of a key: it is asked about the one record that is there.
 */

/** A validator that is part of the cache key: `allInputs`, `partialInputsOnly(["url"])`. */
export interface BuiltInValidator {
  /** As it was written, for logs and errors. */
  readonly name: string;
  /** What the validator looks at, joined to a policy; `undefined` where nothing stored is ever used. */
  readonly extend: ((base: CachePolicy) => CachePolicy) | undefined;
}

/**
 * A validator of one's own: whether the record that was found may be used. `false` computes anew, and replaces it. A record that is
 * older than `cacheFor` is not asked about.
 *
 * @param inputs the arguments of the call, by parameter name
 * @param parameters those of the flow around the call; none where there is no flow
 */
export type OwnValidator = (
  record: RecordMetadata,
  inputs: Readonly<Record<string, unknown>>,
  parameters: Readonly<Record<string, unknown>>,
) => Awaitable<boolean>;

/** Which of the stored results a call may use. */
export type CacheValidator = BuiltInValidator | OwnValidator;

/** Any result that is not older than `cacheFor`, whatever the inputs. */
export const durationOnly: BuiltInValidator = { name: "durationOnly", extend: (base) => base };

/** Results of equal inputs. */
export const allInputs: BuiltInValidator = { name: "allInputs", extend: (base) => base.and(INPUTS) };

/** Results of runs of a flow with equal parameters. */
export const allParameters: BuiltInValidator = { name: "allParameters", extend: (base) => base.and(FLOW_PARAMETERS) };

/** None: results are stored, and never used. */
export const neverUse: BuiltInValidator = { name: "neverUse", extend: undefined };

/**
 * Results of inputs of which these are equal.
 *
 * @param names parameters of the task's function; a task that has no such parameter is an error. None at all is {@link durationOnly}
 */
export function partialInputsOnly(names: readonly string[] = []): BuiltInValidator {
  return partial("partialInputsOnly", INPUTS, names);
}

/**
 * Results of runs of a flow with parameters of which these are equal.
 *
 * @param names parameters of the flow; none at all is {@link durationOnly}
 */
export function partialParametersOnly(names: readonly string[] = []): BuiltInValidator {
  return partial("partialParametersOnly", FLOW_PARAMETERS, names);
}

function partial(called: string, values: CachePolicy, names: readonly string[]): BuiltInValidator {
  const name = `${called}(${JSON.stringify(names)})`;
  return { name, extend: (base) => (names.length === 0 ? base : base.and(values.pick(...names))) };
}
