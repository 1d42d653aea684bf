import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import type { ObjectBeginning, ObjectTag } from "../internal/object-medium.ts";
import { ServiceFailure } from "../internal/service-failure.ts";
import { type OpenBody, steadyStream } from "../internal/steady-stream.ts";
import { type Body, discard, openBody, readFirst } from "./body.ts";
import type { S3Bucket } from "./bucket.ts";
import { isAbsent } from "./failure.ts";

/** What is known of an object without reading it. */
export interface ObjectHead {
  readonly size: number;
  readonly tag: ObjectTag;
  /** In milliseconds since 1970. */
  readonly modifiedAt: number;
  /** The id of the write that made it, where it has one. */
  readonly writeId: string | undefined;
}

/** The metadata of objects in which the id of a write is kept. */
export const writeIdField = "oxbow-write";

/** The beginning of an object, in one request; in two where it is empty, as S3 has no range of nothing. */
export async function readBeginning(s3: S3Bucket, key: string, length: number): Promise<ObjectBeginning | undefined> {
  for (let attempt = 0; attempt <= s3.patience.retries; attempt += 1) {
    const beginning = await getBeginning(s3, key, Math.max(length, 1));
    if (beginning !== "out of range") return beginning;
    const head = await headOf(s3, key);
    if (head === undefined) return undefined;
    if (head.size === 0) return { bytes: new Uint8Array(), size: 0, tag: head.tag, modifiedAt: head.modifiedAt };
  }
  throw new ServiceFailure("the server has nothing of an object that is not empty");
}

async function getBeginning(
  s3: S3Bucket,
  key: string,
  length: number,
): Promise<ObjectBeginning | undefined | "out of range"> {
  const input = { Bucket: s3.name, Key: key, Range: `bytes=0-${length - 1}` };
  try {
    return await s3.send(async (client, sdk, limits) => {
      const found = await client.send(new sdk.GetObjectCommand(input), limits);
      const { size } = placeIn(found);
      const bytes = await readFirst(found.Body as Body, Math.min(length, size), limits.abortSignal);
      return { bytes, size, tag: tagOf(found), modifiedAt: timeOf(found) };
    });
  } catch (error) {
    if (error instanceof ServiceFailure && isAbsent(error)) return undefined;
    if (error instanceof ServiceFailure && error.status === 416) return "out of range";
    throw error;
  }
}

/** The bytes of an object from `from` on; where the connection breaks, it goes on from there. */
export async function readRest(
  s3: S3Bucket,
  key: string,
  from: number,
  tag: ObjectTag,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const body = await openRest(s3, key, from, tag);
  const reopen = (at: number): Promise<OpenBody | undefined> => openRest(s3, key, at, tag);
  return body && steadyStream({ body, from, reopen, failureOf: s3.failureOf, patience: s3.patience });
}

async function openRest(s3: S3Bucket, key: string, from: number, tag: ObjectTag): Promise<OpenBody | undefined> {
  const input = { Bucket: s3.name, Key: key, Range: `bytes=${from}-`, IfMatch: tag };
  try {
    const found = await s3.send((client, sdk, limits) => client.send(new sdk.GetObjectCommand(input), limits));
    const body = found.Body as Body;
    const place = placeIn(found);
    if (tagOf(found) === tag) return openBody(body, place.size, from - place.from);
    // A server that does not know of conditions.
    discard(body);
    return undefined;
  } catch (error) {
    if (!(error instanceof ServiceFailure)) throw error;
    if (isAbsent(error) || error.status === 412) return undefined;
    // It is the object, and there is no more of it.
    if (error.status === 416) return openBody(emptyBody(), from, 0);
    throw error;
  }
}

async function* emptyBody(): AsyncGenerator<Uint8Array, void> {}

/** What is known of an object; `undefined` where there is none. */
export async function headOf(s3: S3Bucket, key: string): Promise<ObjectHead | undefined> {
  const input = { Bucket: s3.name, Key: key };
  try {
    const found = await s3.send((client, sdk, limits) => client.send(new sdk.HeadObjectCommand(input), limits));
    const writeId = found.Metadata?.[writeIdField];
    return { size: found.ContentLength ?? 0, tag: tagOf(found), modifiedAt: timeOf(found), writeId };
  } catch (error) {
    if (error instanceof ServiceFailure && isAbsent(error)) return undefined;
    throw error;
  }
}

/** Where the bytes of an answer are in the object; a server that does not know of ranges sends it all. */
function placeIn({ ContentRange, ContentLength }: GetObjectCommandOutput): { from: number; size: number } {
  const [, from, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(ContentRange ?? "") ?? [];
  if (from !== undefined && size !== undefined) return { from: Number(from), size: Number(size) };
  if (ContentLength === undefined) throw new ServiceFailure("the server does not say how long it is");
  return { from: 0, size: ContentLength };
}

function tagOf({ ETag }: { readonly ETag?: string | undefined }): ObjectTag {
  if (ETag === undefined) throw new ServiceFailure("the server gives no ETag");
  return ETag;
}

function timeOf({ LastModified }: { readonly LastModified?: Date | undefined }): number {
  return LastModified?.getTime() ?? 0;
}
