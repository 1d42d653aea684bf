import { closeSync } from "node:fs";
import { andThen, type Awaitable } from "../../kernel/awaitable.ts";
import { diskFailure } from "../../io/disk-failure.ts";
import { readAsync } from "../../io/disk-files.ts";
import { filePieces, type OpenPayload } from "../internal/read-checked.ts";
import { rangeOf, successor } from "../internal/key-range.ts";
import { badSize, replacedRecord } from "../internal/record-checks.ts";
import type { ValueEntry } from "../storage.ts";
import type { Database } from "./database.ts";
import { inline } from "./inline.ts";
import { lostFile, type ValueFiles } from "./value-files.ts";

const namesPerPage = 100;

/** A row of plain_values. */
interface ValueRow {
  readonly size: number;
  readonly file: unknown;
  readonly payload: unknown;
}

/*
 * DESIGN: how plain values are read: like records (records.ts), without metadata.
 *
 * What it promises: a file that has gone because its value was replaced meanwhile is looked up once more, and the value is
 * then the one that is there now. Nothing is open before the first piece of a value is asked for, and after its end.
 */
export class ValueReader {
  readonly #database: Database;
  readonly #files: ValueFiles;

  constructor(database: Database, files: ValueFiles) {
    this.#database = database;
    this.#files = files;
  }

  get(name: string): Awaitable<Uint8Array | undefined> {
    return this.#get(name, false);
  }

  #get(name: string, isSecondTry: boolean): Awaitable<Uint8Array | undefined> {
    const where = this.#where(name);
    return andThen(this.#find(name), (row) => {
      if (row === undefined) return undefined;
      if (row.file === null) return sized(inline(row.payload, where), row.size, where);
      const opened = this.#files.open(row.file, row.size, where);
      if (opened !== undefined) return readValue(opened, where);
      if (isSecondTry) throw lostFile(where, row.file);
      return this.#get(name, true);
    });
  }

  open(name: string): Awaitable<AsyncIterable<Uint8Array> | undefined> {
    return andThen(this.#find(name), (row) => row && this.#pieces(name, row, false));
  }

  /** The names of all values, page by page. */
  async *list(prefix: string): AsyncGenerator<ValueEntry, void> {
    const range = rangeOf(prefix, undefined);
    let { from } = range;
    for (;;) {
      const page = await this.#database.read(
        (connection) => connection?.statements.valuePage(from, range.to, namesPerPage) ?? [],
      );
      for (const [id, size] of page) yield { name: Buffer.from(id as Uint8Array).toString(), size: Number(size) };
      if (page.length < namesPerPage) return;
      from = successor(page.at(-1)![0] as Uint8Array);
    }
  }

  async *#pieces(name: string, row: ValueRow, isSecondTry: boolean): AsyncGenerator<Uint8Array, void> {
    const where = this.#where(name);
    if (row.file === null) {
      yield sized(inline(row.payload, where), row.size, where);
      return;
    }
    const opened = this.#files.open(row.file, row.size, where);
    if (opened !== undefined) return yield* sizedPieces(opened, where);
    if (isSecondTry) throw lostFile(where, row.file);
    const now = await this.#find(name);
    if (now === undefined) throw replacedRecord(where);
    yield* this.#pieces(name, now, true);
  }

  #find(name: string): Awaitable<ValueRow | undefined> {
    return this.#database.read((connection) => {
      const row = connection?.statements.values.find(Buffer.from(name));
      return row && { size: Number(row[0]), file: row[1], payload: row[2] };
    });
  }

  #where(name: string): string {
    return `${this.#database.path} (value "${name}")`;
  }
}

async function readValue({ file, size }: OpenPayload, where: string): Promise<Uint8Array> {
  try {
    return sized(await readAsync(file, 0, size), size, where);
  } catch (error) {
    throw diskFailure("read", where, error);
  } finally {
    closeSync(file);
  }
}

async function* sizedPieces(opened: OpenPayload, where: string): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  for await (const piece of filePieces(() => opened, where)) {
    size += piece.byteLength;
    yield piece;
  }
  if (size !== opened.size) throw badSize(size, opened.size, where);
}

function sized(bytes: Uint8Array, size: number, where: string): Uint8Array {
  if (bytes.byteLength !== size) throw badSize(bytes.byteLength, size, where);
  return bytes;
}
