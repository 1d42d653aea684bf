import { fstatSync, closeSync, openSync, unlinkSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type RecordError, StorageError } from "../../kernel/errors.ts";
import { codeOf, diskFailure } from "../../io/disk-failure.ts";
import { createFolder, flushFolder, writeNewFile } from "../../io/disk-files.ts";
import { isLeftOver, thisWriter } from "../../io/leftovers.ts";
import { chunksToWrite } from "../internal/payload-source.ts";
import type { OpenPayload } from "../internal/read-checked.ts";
import { badSize, damagedRecord } from "../internal/record-checks.ts";
import type { Payload } from "../storage.ts";
import type { Connection } from "./connection.ts";
import type { Database } from "./database.ts";

/*
 * DESIGN: payloads that are too large for a row, and how none of their files is ever lost.
 *
 * What it does: a large payload is the file `values/<2 hex digits>/<30 hex digits>`, a new one for each write. Every
 * file is at every moment either named by a row, or by an *intent*: who is writing or removing it since when.
 *
 *   intent committed → file written → row published and intent removed, in one transaction
 *   row replaced or deleted and intent added, in one transaction → file removed → intent removed
 *
 * What it promises: a process that dies at any point leaves an intent, and the first write of the next one removes
 * the files of such intents (internal/leftovers.ts says of which). Files are never changed once they have a row.
 * What the caller must do: publish with {@link ValueFiles.adopt}, and {@link ValueFiles.discard} what lost its row,
 * after the commit.
 */
export class ValueFiles {
  readonly #folder: string;
  readonly #flush: boolean;

  constructor(folder: string, flush: boolean) {
    this.#folder = folder;
    this.#flush = flush;
  }

  /** Writes a file that belongs to no row yet. */
  async write(database: Database, payload: Payload): Promise<string> {
    const name = crypto.randomUUID().replaceAll("-", "");
    const file = `${name.slice(0, 2)}/${name.slice(2)}`;
    await database.write((connection) => this.renounce(connection, file));
    try {
      await this.#writeFile(join(this.#folder, file), payload);
      return file;
    } catch (error) {
      await this.discard(database, file);
      throw diskFailure("write", join(this.#folder, file), error);
    }
  }

  async #writeFile(path: string, payload: Payload): Promise<void> {
    try {
      await writeNewFile(path, chunksToWrite(payload, path), this.#flush);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      const parents = createFolder(dirname(path));
      if (this.#flush) for (const parent of parents) await flushFolder(parent);
      await writeNewFile(path, chunksToWrite(payload, path), this.#flush);
    }
    if (this.#flush) await flushFolder(dirname(path));
  }

  /** In the transaction that publishes the file's row: the row owns it now. */
  adopt(connection: Connection, file: string): void {
    if (connection.statements.intents.remove(file)) return;
    throw new StorageError(
      `Cannot publish ${join(this.#folder, file)}: another process took it for left over and removed it`,
      {
        hint: "two machines or containers that share the folder must not have the same host name",
      },
    );
  }

  /** In the transaction that takes the file's row away: it is to be removed, by us or by the next one. */
  renounce(connection: Connection, file: string): void {
    connection.statements.intents.add(file, thisWriter.host, thisWriter.pid, Date.now());
  }

  /** Removes a file that has an intent and no row. What fails here is done by the next process. */
  async discard(database: Database, file: string): Promise<void> {
    try {
      await unlink(this.#pathOf(file)).catch(unlessGone);
      await database.write((connection) => connection.statements.intents.remove(file));
    } catch {
      // The intent stays.
    }
  }

  /** Removes what processes that are gone have left. */
  clean(connection: Connection): void {
    const { intents } = connection.statements;
    for (const [file, host, pid, since] of intents.all()) {
      if (!isLeftOver({ host: String(host), pid: Number(pid) }, Number(since))) continue;
      try {
        unlinkSync(this.#pathOf(String(file)));
      } catch (error) {
        if (codeOf(error) !== "ENOENT") continue;
      }
      intents.remove(String(file));
    }
  }

  /**
   * Opens the file of a row, synchronously: between the row and its file there should be no time.
   *
   * @returns `undefined` where the file has gone
   */
  open(file: unknown, size: number, where: string): OpenPayload | undefined {
    const path = this.#pathOf(file);
    let opened: number;
    try {
      opened = openSync(path, "r");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw diskFailure("read", path, error);
    }
    const found = fstatSync(opened).size;
    if (found === size) return { file: opened, offset: 0, size };
    closeSync(opened);
    throw badSize(found, size, where);
  }

  /** The name comes from the database, and whoever can write that must not be able to reach other files. */
  #pathOf(file: unknown): string {
    if (typeof file === "string" && /^[0-9a-f]{2}\/[0-9a-f]{30}$/.test(file)) return join(this.#folder, file);
    throw damagedRecord(this.#folder, `has no file of the name ${JSON.stringify(file)}`);
  }
}

/** The row is there, its file is not. */
export function lostFile(where: string, file: unknown): RecordError {
  return damagedRecord(where, `has lost its file values/${String(file)}`);
}

function unlessGone(error: unknown): void {
  if (codeOf(error) !== "ENOENT") throw error;
}
