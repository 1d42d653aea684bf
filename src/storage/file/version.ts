import { type Stats, statSync } from "node:fs";
import { quiet } from "../../io/disk-failure.ts";

// The clock of a file system ticks every 1 to 10 ms, and the number of a removed file is used again at once: two
// changes within a tick can leave a file that looks the same. Such a young file gets a token that never repeats.
const youngMs = 25;
let unrepeated = 0;

/** A token that another file under the same name does not have. */
export function versionOf(stats: Stats): string {
  if (Date.now() - stats.ctimeMs < youngMs) return `young ${(unrepeated += 1)}`;
  return `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
}

/** The token of the file that is there now. */
export function versionAt(path: string): string {
  try {
    const stats = statSync(path, quiet);
    return stats === undefined ? "absent" : versionOf(stats);
  } catch {
    // It proves nothing, so the caller goes and reads; that says what is wrong.
    return `unknown ${(unrepeated += 1)}`;
  }
}
