import type { LockOptions } from "../../src/locks/lease-locks.ts";
import type { LockManager } from "../../src/locks/lock-manager.ts";

/** Kinds of locks that several processes can share. */
export type SharedLocks = "sqlite" | "file" | "redis" | "postgres";

/** Where locks are: a folder for those of one machine, a URL for the others. */
export interface LockPlace {
  readonly locks: SharedLocks;
  readonly at: string;
}

/** The lock manager of a place. */
export async function openLocks({ locks, at }: LockPlace, options: LockOptions = {}): Promise<LockManager> {
  const module = (await import(`../../src/locks/${locks}.ts`)) as Record<string, unknown>;
  return (module[`${locks}Locks`] as (at: string, options: LockOptions) => LockManager)(at, options);
}
