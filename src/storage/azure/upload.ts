import { randomUUID } from "node:crypto";
import type { WriteCondition } from "../internal/object-medium.ts";
import { lengthOf, partsOf, wholeOf } from "../internal/parts.ts";
import { ServiceFailure } from "../internal/service-failure.ts";
import type { Payload } from "../storage.ts";
import type { AzureBlobClient, AzureConditions, AzureWrite } from "./client.ts";
import { isBlobMissing, isConditionRefused } from "./failure.ts";
import type { AzureRequests } from "./requests.ts";

/** What is written, and where. */
export interface AzureUpload {
  /** The whole name of the blob. */
  readonly name: string;
  readonly payload: Payload;
  readonly condition: WriteCondition | undefined;
  /** For errors. */
  readonly where: string;
  /** How often an upload of blocks begins anew. */
  readonly retries: number;
}

/** What is larger goes up in blocks of this length, in bytes. */
const blockSize = 8 * 1024 * 1024;
/** How many blocks a blob has at most. */
const mostBlocks = 50_000;
/** How many are in memory, and on their way. */
const atOnce = 2;

/*
 * DESIGN: how a blob is written.
 *
 * What it does: a small one in one request. A large one as blocks, two at a time, and then the list of them, which makes the blob.
 * What it promises: readers see the old blob or the new one. Blocks that no list names are nobody's: no request removes them, the service
 * does, with the next write of the blob, or after a week.
 * Whoever writes a blob drops the blocks of all others at it: who finds theirs gone begins anew.
 * Whether a condition has held is known even where the answer was lost: every upload has a mark of its own in the blob's metadata.
 */

/** @returns whether it was written: `false` only where the condition does not hold */
export async function upload(requests: AzureRequests, order: AzureUpload): Promise<boolean> {
  if (lengthOf(order.payload) <= blockSize) {
    const bytes = asBuffer(await wholeOf(order.payload, order.where));
    return make(requests, order, (blob, options) => blob.upload(bytes, bytes.byteLength, options));
  }
  // It takes long to find out in the end what can be known at once.
  if (order.condition !== undefined && "absent" in order.condition && (await markAt(requests, order)) !== undefined)
    return false;
  for (let losses = 0; ; losses += 1) {
    const ids = await sendBlocks(requests, order);
    try {
      return await make(requests, order, (blob, options) => blob.commitBlockList(ids, options));
    } catch (error) {
      const isLost = error instanceof ServiceFailure && error.code === "InvalidBlockList";
      // A payload can be read again.
      if (!isLost || losses >= order.retries) throw error;
    }
  }
}

/** The request that makes the blob. */
async function make(
  requests: AzureRequests,
  order: AzureUpload,
  write: (blob: AzureBlobClient, options: AzureWrite) => Promise<unknown>,
): Promise<boolean> {
  const mark = randomUUID();
  const about = { metadata: { upload: mark }, blobHTTPHeaders: { blobContentType: "application/octet-stream" } };
  const written = await requests.send(order.name, async (blob, abortSignal, isAgain) => {
    try {
      await write(blob, { ...about, abortSignal, conditions: conditionsOf(order.condition) });
      return true;
    } catch (error) {
      if (order.condition === undefined || !isConditionRefused(requests.failureOf(error))) throw error;
      return isAgain ? "perhaps" : false;
    }
  });
  // The blob in the way may be the one of an attempt whose answer was lost.
  return written === "perhaps" ? (await markAt(requests, order)) === mark : written;
}

/** Sends all blocks. @returns their names, in order */
async function sendBlocks(requests: AzureRequests, order: AzureUpload): Promise<string[]> {
  const { name, payload, where } = order;
  const size = Math.max(blockSize, Math.ceil(lengthOf(payload) / mostBlocks));
  const upload = randomUUID();
  const ids: string[] = [];
  const onTheirWay = new Set<Promise<void>>();
  const send = (id: string, block: Buffer): Promise<void> =>
    requests.send(name, async (blob, abortSignal) => {
      await blob.stageBlock(id, block, block.byteLength, { abortSignal });
    });
  try {
    for await (const part of partsOf(payload, size, where)) {
      // All of one length, as the service wants it.
      const id = Buffer.from(`${upload}-${`${ids.length}`.padStart(5, "0")}`).toString("base64");
      ids.push(id);
      const sending: Promise<void> = send(id, asBuffer(part)).finally(() => onTheirWay.delete(sending));
      onTheirWay.add(sending);
      if (onTheirWay.size === atOnce) await Promise.race(onTheirWay);
    }
    await Promise.all(onTheirWay);
    return ids;
  } finally {
    // Nothing goes on when this has ended.
    await Promise.allSettled(onTheirWay);
  }
}

/** The mark of the blob that is there; `undefined` where there is none, an empty text for a blob without a mark. */
async function markAt(requests: AzureRequests, { name }: AzureUpload): Promise<string | undefined> {
  try {
    return await requests.send(name, async (blob, abortSignal) => {
      const { metadata } = await blob.getProperties({ abortSignal });
      return metadata?.["upload"] ?? "";
    });
  } catch (error) {
    if (isBlobMissing(error)) return undefined;
    throw error;
  }
}

function conditionsOf(condition: WriteCondition | undefined): AzureConditions {
  if (condition === undefined) return {};
  return "tag" in condition ? { ifMatch: condition.tag } : { ifNoneMatch: "*" };
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
