import { inOrder } from "../internal/in-order.ts";
import { compareUtf8 } from "../internal/utf8-order.ts";
import type { ListOptions, RecordMetadata } from "../storage.ts";
import type { RecordReader } from "./record-reader.ts";
import type { RedisServer } from "./server.ts";

/** How many names the server looks at for one answer. */
const namesPerScan = "1000";
/** How many records are asked for before the first one has answered. */
const recordsAtOnce = 100;

/**
 * The metadata of all records in the order of their keys. The server has no order: all names are collected and sorted first.
 */
export async function* listRecords(
  server: RedisServer,
  reader: RecordReader,
  { prefix = "", after, onDamaged }: ListOptions,
): AsyncIterable<RecordMetadata> {
  const keys = (await keysWith(server, prefix))
    .filter((key) => after === undefined || compareUtf8(key, after) > 0)
    .sort(compareUtf8);
  for await (const metadata of inOrder(keys, recordsAtOnce, (key) => reader.listed(key, onDamaged))) {
    if (metadata !== undefined) yield metadata;
  }
}

async function keysWith(server: RedisServer, prefix: string): Promise<string[]> {
  const start = `${server.keyPrefix}${server.prefix}r:`;
  const pattern = `${escaped(start + prefix)}*`;
  const startBytes = Buffer.byteLength(start);
  // The server may name one twice.
  const keys = new Set<string>();
  let cursor = "0";
  do {
    const reply = await server.send("list", ["SCAN", cursor, "MATCH", pattern, "COUNT", namesPerScan]);
    const [next, names] = reply as [Buffer, Buffer[]];
    cursor = next.toString();
    for (const name of names) {
      const key = name.toString("utf8", startBytes);
      // What is no text is not ours.
      if (Buffer.byteLength(key) === name.byteLength - startBytes && key !== "") keys.add(key);
    }
  } while (cursor !== "0");
  return [...keys];
}

/** A text that stands for itself in a pattern. */
function escaped(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, "\\$&");
}
