import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { metadataFor, pattern } from "../../testing/storage-checks/check.ts";
import { sqliteStorage } from "../sqlite.ts";
import type { RecordMetadata, Storage } from "../storage.ts";

vi.mock("node:worker_threads", { spy: true });

let folder: string;
let storage: Storage;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-bulk-"));
  storage = sqliteStorage(folder);
});
afterEach(async () => {
  vi.clearAllMocks();
  await storage.close();
  rmSync(folder, { recursive: true, force: true });
});

async function fill(count: number, into: Storage = storage): Promise<readonly RecordMetadata[]> {
  const records: RecordMetadata[] = [];
  for (let i = 0; i < count; i++) {
    const payload = pattern(i % 50 === 0 ? 70_000 : 30, i);
    records.push(metadataFor(`key ${i}`, payload, { taskRunId: i % 7 === 0 ? `nul\0${i}` : `run ${i}` }));
    await into.put(records.at(-1)!, [payload]);
  }
  return records;
}

async function removeAll(records: readonly RecordMetadata[], from: Storage = storage): Promise<number> {
  let count = 0;
  for (let i = 0; i < records.length; i += 64) count += (await from.deleteAll!(records.slice(i, i + 64))).length;
  return count;
}

async function left(): Promise<number> {
  let count = 0;
  for await (const _ of storage.list()) count += 1;
  return count;
}

function valueFiles(): readonly string[] {
  return readdirSync(join(folder, "values"), { recursive: true, encoding: "utf8" }).filter((file) =>
    /^..[/\\]/.test(file),
  );
}

describe("Removing very many records", () => {
  it.each(["process", "power"] as const)("is left to a thread, with durability %s", async (durability) => {
    const other = sqliteStorage(folder, { durability });
    const records = await fill(1000);
    await storage.put({ ...records[500]!, createdAt: 1 }, [pattern(70_000, 500)]);
    expect(await removeAll(records.slice(0, 200), other)).toBe(200);
    expect(Worker).not.toHaveBeenCalled();
    expect(await removeAll(records.slice(200), other)).toBe(799);
    expect(Worker).toHaveBeenCalledOnce();
    expect(await removeAll(records, other)).toBe(0);
    expect(await left()).toBe(1);
    expect(valueFiles()).toHaveLength(1);
    await other.close();
    expect((await storage.head("key 500"))?.createdAt).toBe(1);
  });

  it("goes on beside writers of the same storage and of another one", async () => {
    const records = await fill(1500);
    const other = sqliteStorage(folder);
    let isDone = false;
    const writing = (async () => {
      for (let i = 0; !isDone; i++) {
        await (i % 2 === 0 ? storage : other).put(metadataFor(`new ${i}`, "x"), [Buffer.from("x")]);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    expect(await removeAll(records)).toBe(1500);
    isDone = true;
    await writing;
    for await (const { key } of storage.list()) expect(key).toMatch(/^new /);
    await other.close();
  });

  it("is done without a thread where none can be had", async () => {
    vi.mocked(Worker).mockImplementation(function broken(): Worker {
      throw new Error("ERR_WORKER_INIT_FAILED");
    });
    const records = await fill(600);
    expect(await removeAll(records)).toBe(600);
    expect(Worker).toHaveBeenCalledOnce();
    vi.mocked(Worker).mockReset();
  });

  it("makes no database where there is none, and goes on where it was removed", async () => {
    const records = await fill(600);
    rmSync(folder, { recursive: true });
    const absent = sqliteStorage(join(folder, "absent"));
    expect(await removeAll(records, absent)).toBe(0);
    expect(Worker).not.toHaveBeenCalled();
  });

  it("keeps no process from ending, and lets none end before it is done", () => {
    const script = `
      import { sqliteStorage } from ${JSON.stringify(new URL("../sqlite.ts", import.meta.url).href)};
      import { metadataFor } from ${JSON.stringify(new URL("../../testing/storage-checks/check.ts", import.meta.url).href)};
      const storage = sqliteStorage(${JSON.stringify(folder)});
      const records = Array.from({ length: 1000 }, (_, i) => metadataFor(String(i), "x"));
      await storage.putAll(records.map((each) => [each, [Buffer.from("x")]]));
      let count = 0;
      for (let i = 0; i < 1000; i += 50) count += (await storage.deleteAll(records.slice(i, i + 50))).length;
      console.log(count);
    `;
    const begun = performance.now();
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      timeout: 20_000,
    });
    expect(child.stderr).toBe("");
    expect(child.stdout.trim()).toBe("1000");
    expect(performance.now() - begun).toBeLessThan(15_000);
  });
});
