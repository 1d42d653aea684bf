/* Blocks: named configurations of storages and lock managers, and the drivers that they are made with. A driver is loaded when a block asks for it. */
import type { BlockDescription, BlockMakers, BlockResource, BlockSummary, SaveBlockOptions } from "../blocks/blocks.ts";
import { createBlocks } from "../blocks/blocks.ts";
import { currentScope } from "../engine/scope.ts";
import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { fileLocks } from "../locks/file.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import { sqliteLocks } from "../locks/sqlite.ts";
import { loadSettings, type Settings } from "../settings/settings.ts";
import { fileStorage } from "../storage/file.ts";
import { sqliteStorage } from "../storage/sqlite.ts";
import type { Storage } from "../storage/storage.ts";

// What a block holds is what its factory was called with.
type Factory = (...args: never[]) => BlockResource;
const made = (factory: Factory, args: readonly unknown[]): BlockResource => factory(...(args as never[]));

const makers: BlockMakers = {
  sqlite: (args) => made(sqliteStorage, args),
  file: (args) => made(fileStorage, args),
  s3: async (args) => made((await import("../storage/s3.ts")).s3Storage, args),
  gcs: async (args) => made((await import("../storage/gcs.ts")).gcsStorage, args),
  azure: async (args) => made((await import("../storage/azure.ts")).azureStorage, args),
  redis: async (args) => made((await import("../storage/redis.ts")).redisStorage, args),
  postgres: async (args) => made((await import("../storage/postgres.ts")).postgresStorage, args),
  "sqlite-locks": (args) => made(sqliteLocks, args),
  "file-locks": (args) => made(fileLocks, args),
  "redis-locks": async (args) => made((await import("../locks/redis.ts")).redisLocks, args),
  "postgres-locks": async (args) => made((await import("../locks/postgres.ts")).postgresLocks, args),
};

const homeNow = (): string => (currentScope()?.settings ?? loadSettings()).home;
const blocks = createBlocks({ home: homeNow, makers });

/**
 * Saves how a storage or a lock manager is made, under a name, in the folder `blocks` of the home. Secrets in it are encrypted, or
 * stand there as `{{ env.NAME }}` where they were written so.
 *
 * @returns the reference, which stands for the storage or the lock manager wherever one is asked for: `block:s3/results`
 * @throws {ConfigurationError} where there is a block of that name, or the resource was made of a client and not of options
 *
 * @example
 * ```ts
 * await saveBlock("results", fileStorage("/mnt/shared/results"));
 * const t = task("t", { resultStorage: "block:file/results" }, async (x: number) => x + 1);
 * ```
 */
export async function saveBlock(name: string, resource: BlockResource, options?: SaveBlockOptions): Promise<string> {
  const reference = await blocks.save(name, resource, options);
  loaded.delete(nameOf(reference));
  return reference;
}

/** Makes the storage or the lock manager of a block. @throws {ConfigurationError} where there is none, or it cannot be used */
export function loadBlock(reference: string): Promise<BlockResource> {
  return blocks.load(reference);
}

/** All blocks, by type and name. */
export function listBlocks(): Promise<readonly BlockSummary[]> {
  return blocks.list();
}

/** What a block holds, without its secrets. @throws {ConfigurationError} where there is none */
export function inspectBlock(reference: string): Promise<BlockDescription> {
  return blocks.inspect(reference);
}

/** Removes a block. What was made of it stays as it is. @returns whether there was one */
export function deleteBlock(reference: string): Promise<boolean> {
  loaded.delete(nameOf(reference));
  return blocks.delete(reference);
}

/** One storage or lock manager for each block of a home, so that tasks share it. */
const loaded = new Map<string, Awaitable<BlockResource>>();
const nameOf = (reference: string, home = homeNow()): string => `${home}\n${reference}`;

export function isBlockReference(choice: string): boolean {
  return choice.startsWith("block:");
}

/** The storage of a block. @throws {ConfigurationError} where there is none, or it is one of a lock manager */
export function storageOfBlock(reference: string, settings: Settings): Awaitable<Storage> {
  return andThen(resourceOf(reference, settings), (resource) => {
    if ("get" in resource) return resource;
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${reference} is a lock manager, and not a storage`);
  });
}

/** The lock manager of a block. @throws {ConfigurationError} where there is none, or it is one of a storage */
export function locksOfBlock(reference: string, settings: Settings): Awaitable<LockManager> {
  return andThen(resourceOf(reference, settings), (resource) => {
    if ("acquire" in resource) return resource;
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${reference} is a storage, and not a lock manager`, {
      hint: 'locks have blocks of their own, such as "block:redis-locks/main"',
    });
  });
}

function resourceOf(reference: string, { home }: Settings): Awaitable<BlockResource> {
  const name = nameOf(reference, home);
  const known = loaded.get(name);
  if (known) return known;
  const loading = blocks.load(reference).then(
    (resource) => {
      loaded.set(name, resource);
      return resource;
    },
    (error: unknown) => {
      // It may be saved in the meantime.
      loaded.delete(name);
      throw error;
    },
  );
  loaded.set(name, loading);
  return loading;
}
