/**
 * What may be done with stored results: `"read-write"` everything; `"read-only"` results are used and none is stored;
 * `"write-only"` all is computed and stored; `"off"` neither.
 */
export type CacheMode = "read-write" | "read-only" | "write-only" | "off";

/** All of them, for settings and checks. */
export const cacheModes: readonly CacheMode[] = ["read-write", "read-only", "write-only", "off"];

/** Whether stored results are used. */
export function mayRead(mode: CacheMode): boolean {
  return mode === "read-write" || mode === "read-only";
}

/** Whether results are stored. */
export function mayWrite(mode: CacheMode): boolean {
  return mode === "read-write" || mode === "write-only";
}

/** What two of them allow together: each can only take away. */
export function narrower(one: CacheMode, other: CacheMode): CacheMode {
  const reads = mayRead(one) && mayRead(other);
  const writes = mayWrite(one) && mayWrite(other);
  if (reads) return writes ? "read-write" : "read-only";
  return writes ? "write-only" : "off";
}
