/*
 * A cache policy is the recipe of a cache key. It is a set of members, each of which contributes named components;
 * the key is the SHA-256 of all of them (see compute-key.ts). Policies are immutable: every method gives a new one.
 */
import type { Awaitable } from "../kernel/awaitable.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { checkConfiguration, mergeConfigurations, type PolicyConfiguration } from "./policy-configuration.ts";

/** What a key is made from. */
export interface KeyContext {
  readonly task: KeyTask;
  /** The arguments of the call by parameter name, defaults filled in where they are literals. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The parameters of the surrounding flow run; `undefined` outside a flow. */
  readonly flowParameters: Readonly<Record<string, unknown>> | undefined;
  /** The id of the surrounding flow run, or of the task run itself. */
  readonly runId: string;
  /** What a key function gets as its first argument. */
  readonly run: unknown;
  /** Whether key functions are called twice, to find those that are not deterministic. */
  readonly checkKeyFunctions: boolean;
}

/** What policies know of a task. */
export interface KeyTask {
  readonly name: string;
  readonly version: string | undefined;
  readonly fn: (...args: never[]) => unknown;
}

/**
 * A named part of a key: its canonical text decides, its digest is kept with the record to explain a later miss. A note, in words,
 * says what a hit should say of it; it is no part of the key.
 */
export type Component = readonly [name: string, text: string, note?: string];

/** What a member says when it has nothing to contribute to this call. */
export interface Absent {
  /** Why, in words: `the call has no inputs`. */
  readonly absent: string;
}

/**
 * One ingredient of a policy.
 *
 * What an implementation promises: `contribute` is deterministic and quick; equal contexts give equal texts, in
 * every process; different ones give different texts. What cannot be told is refused by throwing a
 * {@link HashError}, never left out. Texts hold no control characters (they are JSON or hexadecimal digits).
 */
export interface PolicyMember {
  /** Names the kind, and the order of the members in a key. */
  readonly kind: string;
  contribute(context: KeyContext): Awaitable<readonly Component[] | Absent>;
  /** The one string that is the key itself, where a policy has this member alone; see `cacheKeyFn`. */
  verbatim?(context: KeyContext): Awaitable<string | Absent>;
  /** The same member without, or with only, these names. Absent where names mean nothing. */
  select?(selection: Selection): PolicyMember;
  /** The one member that does the work of both, where two of a kind meet. */
  merge?(other: PolicyMember): PolicyMember | undefined;
  /** @throws {ConfigurationError} where a selected name is none of these */
  checkNames?(parameters: () => { readonly names: readonly string[]; readonly open: boolean }, taskName: string): void;
}

/**
 * Makes a cache key: gets the context of the run and the inputs by parameter name. Equal calls must give equal
 * strings; returning nothing means that this call is not cached.
 *
 * @typeParam C the run context, as `getRunContext()` gives it
 */
export type CacheKeyFn<C = unknown> = (
  context: C,
  inputs: Record<string, unknown>,
) => Awaitable<string | null | undefined>;

/** Names to leave out, or to keep alone. */
export interface Selection {
  readonly omit?: readonly string[];
  readonly pick?: readonly string[];
}

/** The recipe of a cache key: `INPUTS.and(TASK_SOURCE).omit("debug")`. */
export class CachePolicy {
  readonly members: readonly PolicyMember[];
  readonly configuration: PolicyConfiguration;

  constructor(members: readonly PolicyMember[], configuration: PolicyConfiguration = {}) {
    this.members = members;
    this.configuration = configuration;
  }

  /** Whether this is `NO_CACHE`: no member, so never a key. */
  get isNever(): boolean {
    return this.members.length === 0;
  }

  /**
   * A policy whose key changes whenever that of this or of the other policy does. The order does not matter.
   * `NO_CACHE` adds nothing.
   *
   * @throws {ConfigurationError} `OXBOW_POLICY_CONFLICT` where both are configured, and differently
   */
  and(other: CachePolicy): CachePolicy {
    if (!(other instanceof CachePolicy)) {
      throw new ConfigurationError("OXBOW_OPTION_INVALID", `and() needs a cache policy, not ${String(other)}`);
    }
    const members = [...this.members];
    for (const member of other.members) addMember(members, member);
    return new CachePolicy(members, mergeConfigurations(this.configuration, other.configuration));
  }

  /**
   * The same policy, without these inputs in the key.
   *
   * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where the policy has no inputs to leave out
   */
  omit(...names: string[]): CachePolicy {
    return this.#select("omit", { omit: names });
  }

  /** The same policy, with only these inputs in the key. */
  pick(...names: string[]): CachePolicy {
    return this.#select("pick", { pick: names });
  }

  /**
   * The same policy, configured; what is not named stays as it is.
   *
   * @throws {ConfigurationError} for a name or a value that it cannot have
   */
  configure(configuration: PolicyConfiguration): CachePolicy {
    checkConfiguration(configuration);
    return new CachePolicy(this.members, { ...this.configuration, ...configuration });
  }

  #select(method: string, selection: Selection): CachePolicy {
    const target =
      this.members.find((member) => member.kind === "inputs") ?? this.members.find((member) => member.select);
    if (!target?.select) {
      throw new ConfigurationError(
        "OXBOW_OPTION_INVALID",
        `${method}() needs a policy that has INPUTS or FLOW_PARAMETERS`,
      );
    }
    const selected = target.select(selection);
    return new CachePolicy(
      this.members.map((member) => (member === target ? selected : member)),
      this.configuration,
    );
  }
}

function addMember(members: PolicyMember[], added: PolicyMember): void {
  for (const [index, member] of members.entries()) {
    const merged = member.kind === added.kind ? member.merge?.(added) : undefined;
    if (merged) {
      members[index] = merged;
      return;
    }
  }
  members.push(added);
}
