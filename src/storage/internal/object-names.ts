import { ConfigurationError, StorageError } from "../../kernel/errors.ts";

/** What Google and Azure both take, in bytes; Azure counts characters. */
const longestName = 1024;

/** The names of objects, with a prefix of ours in front of each. */
export class ObjectNames {
  /** Ends with a slash, or is empty. */
  readonly prefix: string;
  /** Of the bucket with the prefix, for people. */
  readonly location: string;
  readonly #place: string;
  readonly #endpoint: string;

  /**
   * @param place the bucket, as a URL without a slash at its end
   * @param endpoint the address of the server where it is not the usual one
   * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where the prefix cannot be part of a name
   */
  constructor(place: string, prefix: string | undefined, endpoint: string | undefined, who: string) {
    const parts = checkedPrefix(prefix ?? "", who);
    this.prefix = parts === "" ? "" : `${parts}/`;
    this.#place = place;
    this.#endpoint = endpoint === undefined ? "" : ` at ${endpoint}`;
    this.location = `${place}${parts === "" ? "" : `/${parts}`}${this.#endpoint}`;
  }

  /** An object, for people. */
  where(name: string): string {
    return `${this.#place}/${this.prefix}${name}${this.#endpoint}`;
  }

  /** @throws {StorageError} where the name with its prefix is too long */
  full(name: string): string {
    const full = this.prefix + name;
    const length = Buffer.byteLength(full);
    if (length <= longestName) return full;
    throw new StorageError(`Cannot use ${this.where(`${name.slice(0, 40)}…`)}: its name has ${length} bytes`, {
      hint: `${longestName} are possible: shorten the prefix, or the key`,
    });
  }

  /** The name without its prefix. */
  short(full: string): string {
    return full.slice(this.prefix.length);
  }
}

function checkedPrefix(prefix: unknown, who: string): string {
  const parts = typeof prefix === "string" ? prefix.replace(/^\/+|\/+$/g, "") : undefined;
  const isPossible =
    parts?.isWellFormed() && !/[\0-\x1f\x7f]/.test(parts) && !parts.split("/").some((part) => /^\.{1,2}$/.test(part));
  if (isPossible && Buffer.byteLength(parts!) <= longestName / 2) return parts!;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: prefix cannot begin the names of objects`, {
    hint: `write a path like "team/results": up to ${longestName / 2} bytes, no "." and ".." in it, no control characters`,
  });
}
