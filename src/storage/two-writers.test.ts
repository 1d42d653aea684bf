import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { startWriter } from "../../tests/chaos/start-writer.ts";
import { numberIn, openStorage, type StorageKind } from "../../tests/chaos/storage-writer.ts";
import { RecordError } from "../kernel/errors.ts";
import type { Storage } from "./storage.ts";

const count = 150;
const froms = [1000, 2000] as const;

describe.each(["file", "sqlite"] as const)("Two processes that write one key to %s storage", (kind) => {
  it.each([
    ["small", 200],
    ["large", 100_000],
  ])("leave a whole record, and readers never see anything else: %s payloads", async (_, size) => {
    const { last, seen } = await race(kind, size);
    expect(froms.map((from) => from + count - 1)).toContain(last);
    expect(seen, "The reader has seen both writers at work").toBeGreaterThan(1);
  });
});

async function race(kind: StorageKind, size: number): Promise<{ last: number; seen: number }> {
  const folder = mkdtempSync(join(tmpdir(), `oxbow-two-${kind}-`));
  const storage = openStorage(kind, folder);
  try {
    const writers = froms.map((from) =>
      startWriter({ storage: kind, folder, mode: "replace", keys: ["key"], from, count, size }),
    );
    let running = writers.length;
    for (const { ended } of writers) void ended.finally(() => (running -= 1));
    const seen = new Set<number>();
    while (running > 0) {
      const number = await look(storage, seen.size > 0);
      if (number !== undefined) seen.add(number);
      await nextTurn();
    }
    for (const { ended } of writers) expect(await ended).toMatchObject({ code: 0, errors: "" });
    return { last: (await look(storage, true))!, seen: seen.size };
  } finally {
    await storage.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The number of the write that is there now; throws where what is there is not whole. */
async function look(storage: Storage, isThere: boolean): Promise<number | undefined> {
  const record = await storage.get("key");
  if (isThere) expect(record, "A record that is being replaced is there all the time").toBeDefined();
  if (record === undefined) return undefined;
  try {
    return numberIn("key", await record.bytes());
  } catch (error) {
    // Replaced between metadata and payload: the reader is told so.
    if (error instanceof RecordError && error.message.includes("was replaced or removed while")) return undefined;
    throw error;
  }
}
