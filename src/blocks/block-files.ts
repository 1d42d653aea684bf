import { readdirSync, readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { codeOf, diskFailure } from "../io/disk-failure.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import type { ConfigurationError } from "../kernel/errors.ts";
import { nearest } from "../kernel/suggest.ts";
import { type BlockFile, blockFormatVersion, formatBlock, parseBlock } from "./block-file.ts";
import { type BlocksKey, blocksKey } from "./key.ts";
import { publish } from "./publish.ts";
import { type BlockName, checkName, invalid, isType, referenceOf } from "./reference.ts";
import { type BlockResource, configurationOf, plainCopy } from "./saved-configuration.ts";
import { putSecrets, seal, shows, takeSecrets, unseal } from "./secrets.ts";

/** What makes a resource again, by the type of its block: of the arguments with which its factory was called. */
export type BlockMakers = Readonly<Record<string, (args: readonly unknown[]) => Awaitable<BlockResource>>>;

/** What blocks are made of. */
export interface BlocksOptions {
  /** The home folder of this moment. */
  readonly home: () => string;
  /** Every type that there can be: `s3`, and for locks `redis-locks`. */
  readonly makers: BlockMakers;
  /** @default the clock of the machine */
  readonly clock?: Clock;
}

/** The files of all blocks. */
export class BlockFiles {
  readonly #home: () => string;
  readonly #makers: BlockMakers;
  readonly #clock: Clock;

  constructor({ home, makers, clock = systemClock }: BlocksOptions) {
    this.#home = home;
    this.#makers = makers;
    this.#clock = clock;
  }

  save(name: string, resource: BlockResource, overwrite: boolean): string {
    checkName(name);
    const { type, args, secrets } = configurationOf(resource);
    const block: BlockName = { type, name };
    const reference = referenceOf(block);
    this.#makerOf(type, `${reference} cannot be saved`);
    const copy = plainCopy(args, reference);
    const taken = takeSecrets(copy, secrets ?? []);
    const key = taken.length > 0 ? blocksKey(this.#folder, true) : undefined;
    const file: BlockFile = {
      formatVersion: blockFormatVersion,
      ...block,
      createdAt: this.#clock.now(),
      args: copy,
      secrets: taken.map((each) => seal(each, reference, key!)),
      keyId: key?.id,
    };
    if (publish(this.#folder, this.#pathOf(block), formatBlock(file), !overwrite)) return reference;
    throw invalid(`${reference} exists already`, "pass { overwrite: true } to replace it, or choose another name");
  }

  async load(block: BlockName): Promise<BlockResource> {
    const reference = referenceOf(block);
    const file = this.read(block);
    const make = this.#makerOf(block.type, `${reference} cannot be made`);
    const args = structuredClone(file.args) as unknown[];
    const key = file.secrets.length > 0 ? this.#keyOf(file) : undefined;
    const secrets = file.secrets.map((each) => unseal(each, reference, key!));
    putSecrets(args, secrets);
    try {
      return await make(args);
    } catch (error) {
      // What somebody else says of a configuration may quote it.
      if (!shows(inspect(error, { depth: 10 }), secrets)) throw error;
      throw invalid(
        `${reference} cannot be made: ${error instanceof Error ? error.name : typeof error}`,
        "what was said about it shows a secret, so it is left out",
      );
    }
  }

  read(block: BlockName): BlockFile {
    const path = this.#pathOf(block);
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") throw this.#missing(block);
      throw diskFailure("read the block", path, error);
    }
    return parseBlock(text, block, path);
  }

  list(): readonly BlockName[] {
    return namesIn(this.#folder)
      .filter(isType)
      .toSorted()
      .flatMap((type) =>
        namesIn(join(this.#folder, type))
          .flatMap((file) => (/^[A-Za-z0-9._-]+\.json$/.test(file) ? [file.slice(0, -".json".length)] : []))
          .toSorted()
          .map((name) => ({ type, name })),
      );
  }

  remove(block: BlockName): boolean {
    const path = this.#pathOf(block);
    try {
      unlinkSync(path);
      return true;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw diskFailure("remove the block", path, error);
    }
  }

  get #folder(): string {
    return join(this.#home(), "blocks");
  }

  #pathOf({ type, name }: BlockName): string {
    return join(this.#folder, type, `${name}.json`);
  }

  #makerOf(type: string, what: string): BlockMakers[string] {
    if (Object.hasOwn(this.#makers, type)) return this.#makers[type]!;
    const known = Object.keys(this.#makers);
    const meant = nearest(type, known);
    throw invalid(
      `${what}: there is no type "${type}"`,
      `${meant === undefined ? "" : `did you mean "${meant}"? `}there are ${known.join(", ")}`,
    );
  }

  #keyOf(file: BlockFile): BlocksKey {
    const key = blocksKey(this.#folder, false);
    if (key.id === file.keyId) return key;
    throw invalid(
      `The secrets of ${referenceOf(file)} are encrypted with another key than that of ${key.source}`,
      "set OXBOW_BLOCKS_KEY to the key with which the block was saved, or save the block anew",
    );
  }

  #missing(block: BlockName): ConfigurationError {
    const known = this.list().map(referenceOf);
    const meant = nearest(referenceOf(block), known);
    const list = known.slice(0, 30).join(", ") + (known.length > 30 ? ", …" : "");
    return invalid(
      `${referenceOf(block)} does not exist in ${this.#folder}`,
      known.length === 0
        ? "there are no blocks: saveBlock() makes one"
        : `${meant === undefined ? "" : `did you mean "${meant}"? `}there are ${list}`,
    );
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
    throw diskFailure("list the blocks in", folder, error);
  }
}
