import { isAnyArrayBuffer } from "node:util/types";
import { damagedRecord } from "../internal/record-checks.ts";

/*
 * DESIGN: what the drivers of unstorage give back for bytes.
 *
 * What it does: some keep the bytes as they are, some hand out an ArrayBuffer or a Blob, some know texts alone and get `base64:…`, some
 * have made a text or JSON of the bytes. Where a text can be meant in two ways, both are given.
 * What it promises: bytes, or a RecordError. That they are the right ones is not said.
 * What the caller must do: take the first reading whose length and checksum are right. Copy what it hands out: drivers that
 * keep things in memory give the very bytes that were written.
 */

/** The bytes that an item may mean, the likeliest first; there is always one. */
export async function readingsOf(item: unknown, where: string): Promise<readonly Buffer[]> {
  if (typeof item === "string") return readingsOfText(item);
  if (ArrayBuffer.isView(item)) return [Buffer.from(item.buffer, item.byteOffset, item.byteLength)];
  if (isAnyArrayBuffer(item)) return [Buffer.from(item)];
  if (item instanceof Blob) return [Buffer.from(await item.arrayBuffer())];
  if (isBufferAsJson(item)) return [Buffer.from(item.data)];
  throw damagedRecord(where, `came back as ${kindOf(item)}, which holds no bytes`);
}

const base64 = "base64:";

function readingsOfText(text: string): readonly Buffer[] {
  if (text.startsWith(base64)) return [Buffer.from(text.slice(base64.length), "base64")];
  // All that is written begins with a line of JSON: a text that does was decoded on its way, as UTF-8 or byte by byte.
  if (text.startsWith("{")) return [Buffer.from(text), Buffer.from(text, "latin1")];
  return [Buffer.from(text, "base64")];
}

/** What JSON makes of a Buffer. */
function isBufferAsJson(item: unknown): item is { readonly data: readonly number[] } {
  const { type, data } = (item ?? {}) as { type?: unknown; data?: unknown };
  return type === "Buffer" && Array.isArray(data) && data.every((byte) => Number.isInteger(byte));
}

function kindOf(item: unknown): string {
  if (typeof item !== "object" || item === null) return `a ${typeof item}`;
  const name: unknown = (item as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === "string" && name !== "" ? `an instance of ${name}` : "an object";
}
