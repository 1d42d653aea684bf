import { describe, it } from "vitest";
import { storageSuite } from "../testing/storage-suite.ts";
import { fileStorage } from "./file.ts";
import { mkdtempSync, rmSync } from "node:fs"; import { join } from "node:path"; import { tmpdir } from "node:os";
for (const durability of ["process", "power"] as const)
storageSuite({ describe, it }, `fileStorage() ${durability}`, () => { const f = mkdtempSync(join(tmpdir(), "oxbow-")); return { storage: fileStorage(f, { durability }), another: () => fileStorage(f), dispose: () => rmSync(f, { recursive: true }) } });
