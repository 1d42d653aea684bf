import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { collect, verify } from "../../src/maintenance/index.ts";
import { metadataFor, pattern } from "../../src/testing/storage-checks/check.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { keysIn, openPlace } from "./places.ts";

const records = 2000;
const footprint = 512;

/** Every tenth is a large one, so that there are value files, too. */
async function fill(storage: Storage): Promise<void> {
  for (let i = 0; i < records; i++) {
    const payload = pattern(i % 10 === 0 ? 70_000 : 50, i);
    await storage.put(metadataFor(`key ${String(i).padStart(4, "0")}`, payload, { createdAt: i }), [payload]);
  }
}

describe.each(["sqlite", "file"])("a process that is killed while it removes records of %s", (name) => {
  it("leaves every record whole or gone, and the next one finishes its work", async () => {
    const place = openPlace(name);
    await fill(place.storage);
    await place.storage.close();
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "collect-child.ts"), name, place.folder, "100000"],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const said = await once(child.stdout, "data");
    expect(String(said[0])).toContain("removing");
    child.kill("SIGKILL");
    await once(child, "exit");
    const left = await keysIn(place.storage);
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(records);
    // The oldest went, in their order.
    expect(left.at(-1)).toBe("key 1999");
    const before = await verify({ storage: place.storage });
    expect(before).toMatchObject({ checked: left.length, damaged: 0, unknown: 0 });
    const next = place.another();
    const report = await collect({ storage: next }, { maxSize: 50 * (50 + footprint) });
    expect(report.kept.bytes + report.kept.records * footprint).toBeLessThanOrEqual(50 * (50 + footprint));
    expect(await verify({ storage: place.storage })).toMatchObject({ checked: report.kept.records, damaged: 0 });
    if (name === "sqlite") expect(valueFiles(place.folder).length).toBe(report.kept.bytes >= 70_000 ? 1 : 0);
    await next.close();
    await place.dispose();
  });
});

function valueFiles(folder: string): readonly string[] {
  const path = join(folder, "values");
  return existsSync(path)
    ? readdirSync(path, { recursive: true, encoding: "utf8" }).filter((file) => /^..[/\\]/.test(file))
    : [];
}
