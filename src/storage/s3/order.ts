import type { WriteCondition } from "../internal/object-medium.ts";
import { ServiceFailure } from "../internal/service-failure.ts";
import type { Payload } from "../storage.ts";
import type { S3Bucket } from "./bucket.ts";
import type { ConditionHeaders } from "./probe.ts";
import { isAbsent } from "./failure.ts";
import { headOf, writeIdField } from "./read.ts";

/** An object that is to be written. */
export interface WriteOrder {
  readonly key: string;
  /** What it is, for errors. */
  readonly where: string;
  readonly payload: Payload;
  /** In bytes. */
  readonly size: number;
  readonly condition: WriteCondition | undefined;
  /** The condition as S3 knows it. */
  readonly headers: ConditionHeaders;
  /** Kept in the object's metadata, to tell whether it was this write that made it. */
  readonly id: string;
  /** Whether the request that makes the object appear was sent more than once: an earlier one may have been carried out. */
  isAgain: boolean;
}

/**
 * What came of it: `refused` where the condition does not hold, `conflict` where S3 asks to begin anew, because others are at the same
 * object.
 */
export type Outcome = "written" | "refused" | "conflict";

/** What every request that begins an object says of it. */
export function inputOf(
  s3: S3Bucket,
  order: WriteOrder,
): { Bucket: string; Key: string; Metadata: Record<string, string> } {
  return { Bucket: s3.name, Key: order.key, Metadata: { [writeIdField]: order.id } };
}

/**
 * What came of the request that makes the object appear. Of one that was sent more than once the first may have been carried out, and
 * its answer lost: then it is its own object that the later one has met.
 */
export async function judged(s3: S3Bucket, order: WriteOrder, request: Promise<unknown>): Promise<Outcome> {
  try {
    await request;
    return "written";
  } catch (error) {
    const refusal = error instanceof ServiceFailure ? refusalOf(error, order.condition) : undefined;
    if (refusal === undefined) throw error;
    return order.isAgain && (await isOurs(s3, order)) ? "written" : refusal;
  }
}

/** Whether the object that is there is the one of this write. */
export async function isOurs(s3: S3Bucket, { key, id }: WriteOrder): Promise<boolean> {
  return (await headOf(s3, key))?.writeId === id;
}

function refusalOf(failure: ServiceFailure, condition: WriteCondition | undefined): Outcome | undefined {
  if (condition === undefined) return undefined;
  if (failure.status === 412 || ("tag" in condition && isAbsent(failure))) return "refused";
  const isConflict = failure.code === "ConditionalRequestConflict" || failure.code === "OperationAborted";
  return failure.status === 409 && isConflict ? "conflict" : undefined;
}
