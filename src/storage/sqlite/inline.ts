import { damagedRecord } from "../internal/record-checks.ts";

const nothing: Uint8Array = new Uint8Array(0);

/** A payload that is part of its row. */
export function inline(payload: unknown, where: string): Uint8Array {
  // An empty payload comes back as NULL.
  if (payload === null) return nothing;
  if (payload instanceof Uint8Array) return payload;
  throw damagedRecord(where, "has a payload that is not bytes");
}
