import { andThen, type Awaitable } from "../../kernel/awaitable.ts";
import { StorageError } from "../../kernel/errors.ts";
import { checkedPath } from "../internal/file-paths.ts";
import type { FileArea, Payload, StoredFile } from "../storage.ts";
import { copyOf, piecesOf } from "./bytes.ts";

interface Entry {
  readonly bytes: Uint8Array;
  readonly modifiedAt: number;
}

/** Plain files in memory. */
export class MemoryFiles implements FileArea {
  readonly #location: string;
  readonly #entries = new Map<string, Entry>();

  constructor(location: string) {
    this.#location = location;
  }

  locate(path: string): string {
    return `${this.#location}/${checkedPath(path)}`;
  }

  find(path: string): StoredFile | undefined {
    const found = this.#entries.get(checkedPath(path));
    if (found === undefined) return undefined;
    const { modifiedAt } = found;
    const content = (): Uint8Array => {
      const now = this.#entries.get(path);
      if (now === undefined) throw new StorageError(`Cannot read ${this.locate(path)}: it has gone since it was found`);
      return now.bytes;
    };
    return {
      size: found.bytes.byteLength,
      modifiedAt,
      bytes: () => content().slice(),
      async *stream() {
        yield* piecesOf(content());
      },
    };
  }

  write(path: string, payload: Payload): Awaitable<void> {
    const where = this.locate(path);
    return andThen(copyOf(payload, where), (bytes) => void this.#entries.set(path, { bytes, modifiedAt: Date.now() }));
  }

  delete(path: string): boolean {
    return this.#entries.delete(checkedPath(path));
  }
}
