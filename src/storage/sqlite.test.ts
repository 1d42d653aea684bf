import { describe, it } from "vitest";
import { storageSuite } from "../testing/storage-suite.ts";
import { sqliteStorage } from "./sqlite.ts";
import { mkdtempSync, rmSync } from "node:fs"; import { join } from "node:path"; import { tmpdir } from "node:os";
for (const durability of ["process", "power"] as const)
storageSuite({ describe, it }, `sqliteStorage() ${durability}`, () => { const f = mkdtempSync(join(tmpdir(), "oxbow-")); return { storage: sqliteStorage(f, { durability }), another: () => sqliteStorage(f), dispose: () => rmSync(f, { recursive: true }) } });
