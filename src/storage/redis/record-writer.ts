import { isByteSource } from "../../kernel/byte-source.ts";
import { fencedOff, isFencedOff } from "../internal/fencing.ts";
import { wholeOf } from "../internal/parts.ts";
import { checkPayloadSize, sizeOf } from "../internal/record-checks.ts";
import { encodeFrameHeader } from "../internal/record-frame.ts";
import type { Payload, RecordMetadata } from "../storage.ts";
import { expiryOf } from "./expiry.ts";
import { isSyntaxError } from "./failure.ts";
import { outcomes, publishScript } from "./publish-script.ts";
import type { RedisServer } from "./server.ts";
import { isLong, longestCommand, lost, stage, type Staged, unstage } from "./staging.ts";

/** A record with its payload. */
export type NewRecord = readonly [RecordMetadata, Payload];

interface NewKey {
  readonly metadata: RecordMetadata;
  readonly content: Buffer | Staged;
}

/*
 * DESIGN: how records are written.
 *
 * What it does: a record is one SET, with the moment at which the server lets it expire. A record with a fencing token, and a batch,
 * is one script (publish-script.ts). What is long is sent in parts to a temporary key (staging.ts), which the script renames.
 * What it promises: whole or absent, all or none; the server decides. What was not published is removed.
 */
export class RecordWriter {
  readonly #server: RedisServer;
  /** Redis before 6.2 cannot be told a moment, only how long. */
  #knowsMoments = true;

  constructor(server: RedisServer) {
    this.#server = server;
  }

  async put(record: NewRecord, ifAbsent: boolean): Promise<boolean> {
    const [metadata, payload] = record;
    this.#check(record);
    if (metadata.fence !== undefined || isLong(payload)) return this.#publish([record], ifAbsent);
    return this.#set(
      metadata,
      isByteSource(payload) ? [await wholeOf(payload, this.#server.location)] : payload,
      ifAbsent,
    );
  }

  async putAll(records: readonly NewRecord[]): Promise<void> {
    const last = new Map<string, NewRecord>();
    for (const record of records) {
      this.#check(record);
      const [{ key, fence }] = record;
      // As if they had been written one after the other.
      if (isFencedOff(fence, last.get(key)?.[0].fence)) throw fencedOff(key, this.#server.location);
      last.set(key, record);
    }
    if (last.size > 0) await this.#publish([...last.values()], false);
  }

  async #set(metadata: RecordMetadata, chunks: readonly Uint8Array[], ifAbsent: boolean): Promise<boolean> {
    const content = Buffer.concat([encodeFrameHeader(metadata), ...chunks]);
    const expiry = expiryOf(metadata.expiresAt);
    const send = (): Promise<unknown> => {
      const args = ["SET", this.#nameOf(metadata), content, ...(ifAbsent ? ["NX"] : []), ...this.#expiry(expiry)];
      return this.#server.sendPlainly(args, content.byteLength);
    };
    try {
      return (await send().catch((error: unknown) => this.#withoutMoments(error, expiry, send))) !== null;
    } catch (error) {
      throw this.#server.failure("write to", error);
    }
  }

  #expiry(expiry: number | undefined): string[] {
    if (expiry === undefined) return [];
    return this.#knowsMoments ? ["PXAT", `${expiry}`] : ["PX", `${Math.max(1, expiry - Date.now())}`];
  }

  #withoutMoments(error: unknown, expiry: number | undefined, send: () => Promise<unknown>): Promise<unknown> {
    if (expiry === undefined || !isSyntaxError(error)) throw error;
    this.#knowsMoments = false;
    return send();
  }

  async #publish(records: readonly NewRecord[], ifAbsent: boolean): Promise<boolean> {
    const keys: NewKey[] = [];
    try {
      let bytes = 0;
      for (const [metadata, payload] of records) {
        const size = sizeOf(payload);
        const isWhole = bytes + size <= longestCommand && !(isByteSource(payload) && isLong(payload));
        if (isWhole) bytes += size;
        keys.push({
          metadata,
          content: await (isWhole ? this.#framed(metadata, payload) : this.#stage(metadata, payload)),
        });
      }
      const done = await this.#run(keys, bytes, ifAbsent);
      if (!done) await this.#discard(keys);
      return done;
    } catch (error) {
      await this.#discard(keys);
      throw error;
    }
  }

  async #run(keys: readonly NewKey[], bytes: number, ifAbsent: boolean): Promise<boolean> {
    const names = keys.map(({ metadata }) => this.#nameOf(metadata));
    const args = keys.flatMap(({ metadata: { fence, expiresAt }, content }) => {
      const rules = [`${fence ?? ""}`, `${expiryOf(expiresAt) ?? ""}`];
      return Buffer.isBuffer(content) ? [...rules, "", content] : [...rules, "s", `${content.size}`];
    });
    const all = [`${keys.length}`, ifAbsent ? "1" : "", ...args];
    const reply = await this.#server.run(publishScript, [...names, ...stagedKeys(keys)], all, bytes);
    const [outcome, number] = (reply as unknown[]).map(Number) as [number, number];
    if (outcome === outcomes.fencedOff) throw fencedOff(keys[number - 1]!.metadata.key, this.#server.location);
    if (outcome === outcomes.lost) throw lost(this.#server);
    return outcome === outcomes.written;
  }

  async #framed(metadata: RecordMetadata, payload: Payload): Promise<Buffer> {
    const chunks = isByteSource(payload) ? [await wholeOf(payload, this.#server.location)] : payload;
    return Buffer.concat([encodeFrameHeader(metadata), ...chunks]);
  }

  #stage(metadata: RecordMetadata, payload: Payload): Promise<Staged> {
    return stage(this.#server, encodeFrameHeader(metadata), payload);
  }

  #discard(keys: readonly NewKey[]): Promise<void> {
    return unstage(this.#server, stagedKeys(keys));
  }

  #check([metadata, payload]: NewRecord): void {
    checkPayloadSize(metadata, payload);
    const size = sizeOf(payload);
    // The line of metadata is short beside what is too long.
    if (isLong(payload)) this.#server.checkLength(metadata.key, size + encodeFrameHeader(metadata).byteLength);
  }

  #nameOf({ key }: RecordMetadata): string {
    return `${this.#server.prefix}r:${key}`;
  }
}

function stagedKeys(keys: readonly NewKey[]): string[] {
  return keys.flatMap(({ content }) => (Buffer.isBuffer(content) ? [] : [content.key]));
}
