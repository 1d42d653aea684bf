import { LockError } from "../../kernel/errors.ts";

/*
 * DESIGN: what every storage with `capabilities.fencing` decides alike.
 *
 * What it does: tells whether a write comes from a holder whose lock was taken over, and makes the error that says so.
 * What it promises: a write without a token is never refused, nor one over a record without a token.
 * What the caller must do: compare and write in one step of the medium, so that nothing comes in between. Where that
 * step is a statement of SQL, it says the same: {@link fenceHolds}.
 */

/**
 * Whether a write has to be refused.
 *
 * @param fence the token of the write
 * @param inPlace the token of the record that it would replace
 */
export function isFencedOff(fence: number | undefined, inPlace: number | undefined): boolean {
  return fence !== undefined && inPlace !== undefined && fence < inPlace;
}

/**
 * The condition of `ON CONFLICT … DO UPDATE … WHERE`: false where the write has to be refused.
 *
 * @param table the name by which the statement calls the row that is there
 */
export function fenceHolds(table: string): string {
  return `(excluded.fence IS NULL OR ${table}.fence IS NULL OR excluded.fence >= ${table}.fence)`;
}

/** What a writer gets that was refused. */
export function fencedOff(key: string, where: string): LockError {
  return new LockError(
    "OXBOW_LOCK_LOST",
    key,
    `Cannot write the record ${JSON.stringify(key)} to ${where}: a later holder of its lock has written it`,
    {
      hint: "nothing has to be done: the later result stands; this process was stopped or cut off for longer than a lease",
    },
  );
}
