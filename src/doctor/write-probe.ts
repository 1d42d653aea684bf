import { randomUUID } from "node:crypto";
import { readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { diskFailure, quiet } from "../io/disk-failure.ts";
import { createFolder } from "../io/disk-files.ts";
import { StorageError } from "../kernel/errors.ts";

/**
 * Writes a file in a folder, reads it back, and removes it; and the folder, where there was none.
 *
 * @throws {StorageError}
 */
export function writeAndRead(folder: string): void {
  const missing: string[] = [];
  for (let next = folder; statSync(next, quiet) === undefined && next !== dirname(next); next = dirname(next))
    missing.push(next);
  const probe = join(folder, `.doctor-${randomUUID()}`);
  const text = randomUUID().repeat(100);
  try {
    createFolder(folder);
    writeFileSync(probe, text, { flag: "wx" });
    if (readFileSync(probe, "utf8") !== text)
      throw new StorageError(`What was read back in ${folder} is not what was written`);
  } catch (error) {
    throw diskFailure("use the folder", folder, error);
  } finally {
    quietly(() => rmSync(probe, { force: true }));
    for (const made of missing) quietly(() => rmdirSync(made));
  }
}

function quietly(remove: () => void): void {
  try {
    remove();
  } catch {
    // It never was, or somebody else has begun to use it.
  }
}
