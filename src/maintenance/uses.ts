import type { RunStore } from "../history/run-store.ts";
import type { RecordMetadata } from "../storage/storage.ts";

/** So many keys are asked for at once. */
export const keysPerQuestion = 100;

/** When each of some records was last used, or written where no run has used it since; milliseconds since 1970. */
export async function lastUsesOf(
  history: RunStore | undefined,
  records: ReadonlyArray<Pick<RecordMetadata, "key" | "createdAt">>,
): Promise<readonly number[]> {
  const uses = await history?.taskRuns.lastUses(records.map(({ key }) => key));
  return records.map(({ key, createdAt }) => Math.max(createdAt, uses?.get(key) ?? 0));
}
