import { ConfigurationError, messageOf, SerializationError } from "../../kernel/errors.ts";
import { ByteQueue, gathered } from "../internal/chunks.ts";
import { unreadable } from "../internal/refusals.ts";
import type { Serializer } from "../serializer.ts";
import { refused, type StreamKind } from "./stream-kind.ts";

/*
 * DESIGN. Items one after the other, each as its serializer writes it behind its length: 4 bytes, the first the most
 * significant. The end is a length that no item has, so that a stream that was cut off is not taken for a short one.
 */

const lengthSize = 4;
const endMark = 0xff_ff_ff_ff;
const least = 16 * 1024;

/**
 * An iterable of values, written one by one: what a generator yields. What comes back is an async generator.
 *
 * @param serializer writes the items
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where it signs: a record is signed as a whole, so `signed()` belongs around
 */
export function itemsKind(serializer: Serializer): StreamKind {
  const name = `items(${serializer.format})`;
  if (serializer.seal) {
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      `Items cannot be signed one by one, as ${name} would have it`,
      {
        hint: "sign around them: signed(items(json)), not items(signed(json))",
      },
    );
  }
  return {
    name,
    chunks: (value) => gathered(written(iterableOf(value), serializer), least),
    open: (chunks) => items(chunks, serializer, name),
  };
}

function iterableOf(value: unknown): AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)) {
    return value as AsyncIterable<unknown> | Iterable<unknown>;
  }
  throw refused("it gives no items", "return an iterable: a generator, a list");
}

async function* written(
  values: AsyncIterable<unknown> | Iterable<unknown>,
  serializer: Serializer,
): AsyncGenerator<Uint8Array, void> {
  let index = 0;
  for await (const value of values) {
    const chunks = await write(value, serializer, index++);
    const size = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (size >= endMark)
      throw refused(`item ${index - 1} has ${size} bytes`, "yield smaller items: the limit is 4 GiB");
    yield lengthBytes(size);
    yield* chunks;
  }
  yield lengthBytes(endMark);
}

async function write(value: unknown, serializer: Serializer, index: number): Promise<readonly Uint8Array[]> {
  try {
    return await serializer.serialize(value);
  } catch (error) {
    if (!(error instanceof SerializationError)) throw error;
    const path = `result[${index}]${error.path.replace(/^result/, "")}`;
    const reason = messageOf(error).replace(`Cannot serialize ${error.path}: `, "");
    throw new SerializationError("OXBOW_RESULT_UNSERIALIZABLE", path, `Cannot serialize ${path}: ${reason}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

function lengthBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(lengthSize);
  bytes.writeUInt32BE(length);
  return bytes;
}

async function* items(
  chunks: AsyncIterable<Uint8Array>,
  serializer: Serializer,
  format: string,
): AsyncGenerator<unknown, void> {
  const queue = new ByteQueue();
  let wanted: number | undefined;
  for await (const chunk of chunks) {
    queue.push(chunk);
    for (;;) {
      if (wanted === undefined && queue.length >= lengthSize) wanted = queue.take(lengthSize).readUInt32BE();
      if (wanted === undefined || wanted === endMark || queue.length < wanted) break;
      const item = new Uint8Array(queue.take(wanted));
      wanted = undefined;
      yield await serializer.deserialize(item);
    }
    if (wanted === endMark && queue.length > 0) throw unreadable(format, "there are bytes behind its end");
  }
  if (wanted !== endMark) throw unreadable(format, "it was cut off before its end");
}
