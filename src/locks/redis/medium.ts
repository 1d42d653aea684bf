import type { RedisLink } from "../../io/redis.ts";
import { runScript, type Script } from "../../io/redis/script.ts";
import type { Configuration } from "../../kernel/configuration.ts";
import type { Claim, Grant, LockMedium } from "../lock-medium.ts";
import { shardOf } from "./shard.ts";
import { acquireScript, releaseScript, renewScript } from "./scripts.ts";

/** Locks in a Redis: one command for each operation. */
export class RedisMedium implements LockMedium {
  readonly kind = "redis";
  readonly location: string;
  readonly configuration: Configuration | undefined;
  readonly subscribe?: (key: string, wake: () => void) => Promise<() => void>;
  readonly #link: RedisLink;
  readonly #prefix: string;

  constructor(link: RedisLink, prefix: string, configuration?: Configuration) {
    this.configuration = configuration;
    this.location = prefix === "oxbow:" ? link.location : `${link.location} (prefix ${prefix})`;
    this.#link = link;
    this.#prefix = prefix;
    const { channels } = link;
    if (channels === undefined) return;
    this.subscribe = async (key, wake) => {
      try {
        return await channels.subscribe(this.#name(key, "free"), wake);
      } catch {
        // A server that may not be listened to, or is away: then there are no wake-ups, and nothing else is different.
        return () => undefined;
      }
    };
  }

  async tryAcquire({ key, holder, leaseMs, waiter = "", reserveMs = 0 }: Claim): Promise<Grant | undefined> {
    const keys = [this.#name(key, "lock"), this.#name(key, "wait"), `${this.#prefix}{${shardOf(key)}}:token`];
    const args = [holder, whole(leaseMs), waiter, whole(reserveMs)];
    const token = await this.#run(acquireScript, keys, args, (late) => this.#giveBack(key, late));
    return token === null ? undefined : { holder, token: Number(token) };
  }

  async renew(key: string, token: number, leaseMs: number): Promise<boolean> {
    return Number(await this.#run(renewScript, [this.#name(key, "lock")], [`${token}`, whole(leaseMs)])) === 1;
  }

  async release(key: string, token: number): Promise<boolean> {
    const args = [`${token}`, this.#name(key, "free")];
    return Number(await this.#run(releaseScript, [this.#name(key, "lock")], args)) === 1;
  }

  async look(key: string): Promise<Grant | undefined> {
    const grant = await this.#link.command(["GET", this.#name(key, "lock")]);
    if (typeof grant !== "string") return undefined;
    const colon = grant.indexOf(":");
    return { token: Number(grant.slice(0, colon)), holder: grant.slice(colon + 1) };
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #name(key: string, what: "lock" | "wait" | "free"): string {
    return `${this.#prefix}{${shardOf(key)}}:${what}:${key}`;
  }

  /** A grant that arrives when nobody expects it any more would only be in the way of the others. */
  #giveBack(key: string, token: unknown): void {
    if (token !== null) this.release(key, Number(token)).catch(() => undefined);
  }

  #run(
    script: Script,
    keys: readonly string[],
    args: readonly string[],
    whenLate?: (reply: unknown) => void,
  ): Promise<unknown> {
    return runScript(script, (all) => this.#link.command(all, whenLate), [`${keys.length}`, ...keys, ...args]);
  }
}

/** Redis takes whole milliseconds, one at least. */
function whole(ms: number): string {
  return `${Math.max(1, Math.ceil(ms))}`;
}
