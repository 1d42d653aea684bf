import { randomBytes } from "node:crypto";
import { StorageError } from "../../kernel/errors.ts";
import { isByteSource } from "../../kernel/byte-source.ts";
import { cut } from "../internal/checked-stream.ts";
import { wholeOf } from "../internal/parts.ts";
import { replacedRecord, sizeOf } from "../internal/record-checks.ts";
import type { Payload, ValueArea } from "../storage.ts";
import { joined, pieceBytes } from "./pieces.ts";
import { outcomes, publishScript } from "./publish-script.ts";
import type { RedisServer } from "./server.ts";
import { isLong, lost, stage, unstage } from "./staging.ts";

/** What one command brings: all of nearly every value. */
const beginningBytes = 1024 * 1024;
const markBytes = 16;
const attempts = 5;

/*
 * DESIGN: values without metadata.
 *
 * What it does: 16 random bytes, then the value. They tell one writing of it from another, where it is read piece by piece, and an empty
 * value from none.
 * What it promises: a mark that is the same after a piece was read proves that the piece is of the same writing, since none comes back.
 */
export class RedisValues implements ValueArea {
  readonly #server: RedisServer;

  constructor(server: RedisServer) {
    this.#server = server;
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const beginning = await this.#begin(name);
      if (beginning === undefined) return undefined;
      if (beginning.byteLength < beginningBytes) return new Uint8Array(beginning.subarray(markBytes));
      const whole = await this.#rest(name, beginning);
      if (whole !== undefined) return whole;
    }
    throw new StorageError(
      `Cannot read ${this.#server.location}: the value ${JSON.stringify(name)} was replaced ${attempts} times while it was read`,
    );
  }

  async open(name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const beginning = await this.#begin(name);
    if (beginning === undefined) return undefined;
    const payload = beginning.subarray(markBytes);
    return cut(joined(payload, beginning.byteLength < beginningBytes ? undefined : this.#pieces(name, beginning)));
  }

  async put(name: string, payload: Payload): Promise<void> {
    const [key, mark] = [this.#nameOf(name), randomBytes(markBytes)];
    this.#server.checkLength(name, sizeOf(payload) + markBytes);
    if (isLong(payload)) return this.#putLong(key, mark, payload);
    const content = Buffer.concat([
      mark,
      ...(isByteSource(payload) ? [await wholeOf(payload, this.#server.location)] : payload),
    ]);
    await this.#server.send("write to", ["SET", key, content], content.byteLength);
  }

  async delete(name: string): Promise<boolean> {
    return Number(await this.#server.send("write to", ["DEL", this.#nameOf(name)])) === 1;
  }

  async #putLong(key: string, mark: Buffer, payload: Payload): Promise<void> {
    const staged = await stage(this.#server, mark, payload);
    try {
      const args = ["1", "", "", "", "s", `${staged.size}`];
      const reply = (await this.#server.run(publishScript, [key, staged.key], args)) as unknown[];
      if (Number(reply[0]) !== outcomes.written) throw lost(this.#server);
    } catch (error) {
      await unstage(this.#server, [staged.key]);
      throw error;
    }
  }

  async #begin(name: string): Promise<Buffer | undefined> {
    const beginning = await this.#server.range(this.#nameOf(name), 0, beginningBytes);
    if (beginning.byteLength === 0) return undefined;
    if (beginning.byteLength >= markBytes) return beginning;
    throw new StorageError(
      `Cannot read ${this.#server.location}: the value ${JSON.stringify(name)} is none of Oxbow's`,
      {
        hint: "something else is under this name: name another `prefix`",
      },
    );
  }

  /** The whole value; `undefined` where it was replaced meanwhile. */
  async #rest(name: string, beginning: Buffer): Promise<Uint8Array | undefined> {
    const all: Uint8Array[] = [beginning.subarray(markBytes)];
    for (let at = beginning.byteLength; ; at += pieceBytes) {
      const piece = await this.#piece(name, beginning, at);
      if (piece === undefined) return undefined;
      all.push(piece);
      if (piece.byteLength < pieceBytes) return new Uint8Array(Buffer.concat(all));
    }
  }

  async *#pieces(name: string, beginning: Buffer): AsyncGenerator<Uint8Array, void> {
    for (let at = beginning.byteLength; ; at += pieceBytes) {
      const piece = await this.#piece(name, beginning, at);
      if (piece === undefined) throw replacedRecord(`${this.#server.location} (value "${name}")`);
      if (piece.byteLength > 0) yield piece;
      if (piece.byteLength < pieceBytes) return;
    }
  }

  async #piece(name: string, beginning: Buffer, at: number): Promise<Buffer | undefined> {
    const key = this.#nameOf(name);
    // Sent one after the other, answered in the same order.
    const [piece, mark] = await Promise.all([
      this.#server.range(key, at, pieceBytes),
      this.#server.range(key, 0, markBytes),
    ]);
    return mark.equals(beginning.subarray(0, markBytes)) ? piece : undefined;
  }

  #nameOf(name: string): string {
    return `${this.#server.prefix}v:${name}`;
  }
}
