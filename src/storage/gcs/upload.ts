import { randomUUID } from "node:crypto";
import type { Patience } from "../internal/attempts.ts";
import type { WriteCondition } from "../internal/object-medium.ts";
import { lengthOf, partsOf, wholeOf } from "../internal/parts.ts";
import { ServiceFailure } from "../internal/service-failure.ts";
import type { Payload } from "../storage.ts";
import { Crc32c } from "./crc32c.ts";
import { BadSum, checkSum, fieldsOf, type GcsRequests, objectPath } from "./requests.ts";
import { SessionGone, UploadSession } from "./upload-session.ts";

/** What is written, and where. */
export interface GcsUpload {
  readonly bucket: string;
  /** The whole name of the object. */
  readonly name: string;
  readonly payload: Payload;
  readonly condition: WriteCondition | undefined;
  /** For errors. */
  readonly where: string;
}

/** What is larger goes up in parts of this length, in bytes; the service wants multiples of 256 KiB. */
const partSize = 8 * 1024 * 1024;

/*
 * DESIGN: how an object is written.
 *
 * What it does: a small one in one request, with its checksum. A large one in a session of parts: one is in memory at a time, and where
 * the connection breaks, the service is asked how far it has got. The checksum goes with the last part.
 * What it promises: the service makes an object of it only when all bytes are there and their checksum is right. A session that
 * does not get there is cancelled; where that fails too, the service drops it after a week, and it costs nothing.
 * Whether a condition has held is known even where the answer was lost: every upload has a mark of its own in the object's metadata.
 */

/** @returns whether it was written: `false` only where the condition does not hold */
export async function upload(requests: GcsRequests, patience: Patience, order: GcsUpload): Promise<boolean> {
  const isSmall = lengthOf(order.payload) <= partSize;
  try {
    return isSmall ? await uploadWhole(requests, order) : await uploadParts(requests, patience, order);
  } catch (error) {
    if (error instanceof BadSum) await removeBad(requests, order, error.generation);
    throw error;
  }
}

async function uploadWhole(requests: GcsRequests, order: GcsUpload): Promise<boolean> {
  const bytes = await wholeOf(order.payload, order.where);
  const sum = new Crc32c().update(bytes).digest();
  const mark = randomUUID();
  const boundary = `oxbow-${mark}`;
  const request = {
    method: "POST",
    path: uploadPath(order),
    query: { uploadType: "multipart", ...queryOf(order) },
    headers: { "content-type": `multipart/related; boundary=${boundary}` },
    body: multipart(boundary, { ...metadataOf(order, mark), crc32c: sum }, bytes),
    accepts: [412],
  } as const;
  const written = await requests.send(request, async (answer, isAgain) => {
    const fields = await fieldsOf(answer);
    if (answer.status === 412) return isAgain ? "perhaps" : false;
    checkSum(fields, sum);
    return true;
  });
  // The object in the way may be the one of an attempt whose answer was lost.
  return written === "perhaps" ? (await markOf(requests, order)) === mark : written;
}

function multipart(boundary: string, about: object, bytes: Uint8Array): Uint8Array {
  const type = (name: string): string => `--${boundary}\r\ncontent-type: ${name}\r\n\r\n`;
  const begin = `${type("application/json; charset=utf-8")}${JSON.stringify(about)}\r\n${type(contentType)}`;
  return Buffer.concat([Buffer.from(begin), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

async function uploadParts(requests: GcsRequests, patience: Patience, order: GcsUpload): Promise<boolean> {
  const about = Buffer.from(JSON.stringify(metadataOf(order, randomUUID())));
  const query = { uploadType: "resumable", ...queryOf(order) };
  for (let losses = 0; ; losses += 1) {
    const total = lengthOf(order.payload);
    const session = await UploadSession.open(requests, patience, { path: uploadPath(order), query, about, total });
    if (session === undefined) return false;
    try {
      return await sendAll(session, order);
    } catch (error) {
      if (!(error instanceof SessionGone)) await session.cancel();
      // A payload can be read again.
      if (!(error instanceof SessionGone) || losses >= patience.retries) throw error;
    }
  }
}

async function sendAll(session: UploadSession, { payload, where }: GcsUpload): Promise<boolean> {
  const sum = new Crc32c();
  for await (const part of partsOf(payload, partSize, where)) {
    const written = await session.send(part, sum.update(part).digest());
    if (written !== undefined) return written;
  }
  throw new ServiceFailure("all bytes were sent, and the service waits for more");
}

/** A server that does not compare checksums has made an object of something else. */
async function removeBad(requests: GcsRequests, { bucket, name }: GcsUpload, generation: string): Promise<void> {
  const query = { ifGenerationMatch: generation };
  await requests
    .send({ method: "DELETE", path: objectPath(bucket, name), query }, (answer) => answer.text())
    .catch(() => undefined);
}

/** The mark of the object that is there. */
function markOf(requests: GcsRequests, { bucket, name }: GcsUpload): Promise<unknown> {
  const request = { path: objectPath(bucket, name), query: { fields: "metadata" }, accepts: [404] };
  return requests.send(request, async (answer) => {
    const { metadata } = await fieldsOf(answer);
    return (metadata as { readonly upload?: unknown } | undefined)?.upload;
  });
}

const contentType = "application/octet-stream";

function metadataOf({ name }: GcsUpload, mark: string): object {
  return { name, contentType, metadata: { upload: mark } };
}

function queryOf({ condition }: GcsUpload): Readonly<Record<string, string | undefined>> {
  const ifGenerationMatch = condition && ("tag" in condition ? condition.tag : "0");
  return { fields: "crc32c,generation", ifGenerationMatch };
}

function uploadPath({ bucket }: GcsUpload): string {
  return `/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`;
}
