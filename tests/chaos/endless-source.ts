/* A process that writes a record, or a plain file, from a source which gives half of its bytes and then nothing, until it is killed. */
import { writeSync } from "node:fs";
import type { ByteSource } from "../../src/kernel/byte-source.ts";
import type { FileArea, RecordMetadata, Storage } from "../../src/storage/storage.ts";

const order = JSON.parse(process.argv[2]!) as { readonly url: string; readonly folder: string; readonly size: number };
const module = (await import(order.url)) as Record<string, (folder: string) => unknown>;
const alive = setInterval(() => undefined, 1000);

const metadata: RecordMetadata = {
  formatVersion: 1,
  key: "endless",
  createdAt: 0,
  serializer: "bytes",
  size: order.size,
  sha256: "0".repeat(64),
  durationMs: 1,
  taskName: "endless",
  taskRunId: "1",
  tags: [],
  components: {},
};
const source: ByteSource = {
  size: order.size,
  async *chunks() {
    for (let done = 0; done < order.size / 2; done += 65_536) yield new Uint8Array(65_536);
    writeSync(1, "half\n");
    await new Promise(() => undefined);
  },
};
const files = module["filesIn"]?.(order.folder) as FileArea | undefined;
const storage = (module["fileStorage"] ?? module["sqliteStorage"])?.(order.folder) as Storage | undefined;
await (files?.write("endless", source) ?? storage!.put(metadata, source));
clearInterval(alive);
