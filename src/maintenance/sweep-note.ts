import type { Storage } from "../storage/storage.ts";

/** The value in a storage that says when somebody last looked for what may go. */
export const sweepNoteName = "oxbow-last-sweep";

/** When that was, in milliseconds since 1970; `-Infinity` where nobody has yet. */
export async function lastSweepAt(storage: Storage): Promise<number> {
  const bytes = await storage.values.get(sweepNoteName);
  const at = Number(Buffer.from(bytes ?? []).toString() || Number.NaN);
  return Number.isFinite(at) ? at : Number.NEGATIVE_INFINITY;
}

/** Says that somebody begins to look now. */
export async function noteSweep(storage: Storage, at: number): Promise<void> {
  await storage.values.put(sweepNoteName, [Buffer.from(`${at}\n`)]);
}
