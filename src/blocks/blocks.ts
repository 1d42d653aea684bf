import type { BlockFile } from "./block-file.ts";
import { BlockFiles, type BlocksOptions } from "./block-files.ts";
import { type BlockName, parseReference, referenceOf } from "./reference.ts";
import type { BlockResource } from "./saved-configuration.ts";
import { mask, putSecrets } from "./secrets.ts";

export type { BlockMakers, BlocksOptions } from "./block-files.ts";
export type { BlockResource } from "./saved-configuration.ts";

/*
 * DESIGN: configurations under names.
 *
 *   <home>/blocks/s3/results.json           block:s3/results
 *   <home>/blocks/redis-locks/main.json     block:redis-locks/main: locks have a type of their own
 *   <home>/blocks/key                       what secrets are encrypted with, where OXBOW_BLOCKS_KEY is not set
 *
 * What it does: keeps how a storage or a lock manager was made, and makes it again, in this process or another.
 * What it promises: a file is there whole or not at all, for its owner alone. Of several processes that save one name at once, without
 * `overwrite` exactly one wins. Secrets stand in no file in clear, unless the file is told to look them up in the environment, and in
 * nothing that is printed.
 * What the caller must do: keep what `load` makes: each call makes another one.
 */

/** How a block is saved. */
export interface SaveBlockOptions {
  /** Whether a block of this name is replaced. @default false */
  readonly overwrite?: boolean;
}

/** A block, as a list shows it. */
export interface BlockSummary extends BlockName {
  /** `block:s3/results` */
  readonly reference: string;
}

/** A block, as it can be shown to anybody. */
export interface BlockDescription extends BlockSummary {
  /** When it was saved, in milliseconds since 1970. */
  readonly createdAt: number;
  /** What the factory is called with; secrets are `********`. */
  readonly args: readonly unknown[];
  /** Where these were: `0.credentials.secretAccessKey`. */
  readonly secrets: readonly string[];
}

/** What can be done with blocks. Everything that goes wrong with a block is a {@link ConfigurationError} `OXBOW_OPTION_INVALID`, with the
 * disk a {@link StorageError}. */
export interface Blocks {
  /** @returns the reference: `block:s3/results` @throws where there is one of that name, or the resource has no configuration */
  save(name: string, resource: BlockResource, options?: SaveBlockOptions): Promise<string>;
  /** Makes the resource; another one at each call. @throws where there is no such block, or it cannot be used */
  load(reference: string): Promise<BlockResource>;
  /** By type, then name. */
  list(): Promise<readonly BlockSummary[]>;
  /** @throws as `load`; it needs no key */
  inspect(reference: string): Promise<BlockDescription>;
  /** @returns whether there was one */
  delete(reference: string): Promise<boolean>;
}

/** Blocks in the home folder. */
export function createBlocks(options: BlocksOptions): Blocks {
  const files = new BlockFiles(options);
  return {
    save: async (name, resource, { overwrite = false } = {}) => files.save(name, resource, overwrite),
    load: async (reference) => files.load(parseReference(reference)),
    list: async () => files.list().map((block) => ({ reference: referenceOf(block), ...block })),
    inspect: async (reference) => describe(files.read(parseReference(reference))),
    delete: async (reference) => files.remove(parseReference(reference)),
  };
}

function describe({ type, name, createdAt, args, secrets }: BlockFile): BlockDescription {
  const shown = structuredClone(args) as unknown[];
  const paths = secrets.map(({ path }) => path);
  putSecrets(
    shown,
    paths.map((path) => ({ path, value: mask })),
  );
  return { reference: referenceOf({ type, name }), type, name, createdAt, args: shown, secrets: paths };
}
