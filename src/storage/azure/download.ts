import type { Readable } from "node:stream";
import type { ObjectBeginning, ObjectTag } from "../internal/object-medium.ts";
import { ServiceFailure } from "../internal/service-failure.ts";
import type { OpenBody } from "../internal/steady-stream.ts";
import type { AzureDownload } from "./client.ts";
import { isBlobMissing, isConditionRefused, notAzure } from "./failure.ts";
import type { AzureRequests } from "./requests.ts";

/** The first `length` bytes of a blob and what is known of it: in one request, for an empty one in two. */
export async function readBeginning(
  requests: AzureRequests,
  name: string,
  length: number,
): Promise<ObjectBeginning | undefined> {
  const read = (count: number | undefined): Promise<ObjectBeginning> =>
    requests.send(name, async (blob, abortSignal) =>
      beginningOf(await blob.download(0, count, { abortSignal, maxRetryRequests: 0 }), length),
    );
  try {
    // Of an empty blob there is no range, and the answer that says so does not say which one it is.
    return await read(Math.max(1, length)).catch((error: unknown) => {
      if (isBeyondEnd(error)) return read(undefined);
      throw error;
    });
  } catch (error) {
    if (isBlobMissing(error)) return undefined;
    throw error;
  }
}

/** The bytes from `from` on, as long as it is the blob of this tag. */
export async function readBody(
  requests: AzureRequests,
  name: string,
  from: number,
  tag: ObjectTag,
): Promise<OpenBody | undefined> {
  const conditions = { ifMatch: tag };
  try {
    return await requests.send(name, async (blob, abortSignal) => {
      const answer = await blob.download(from, undefined, { abortSignal, conditions, maxRetryRequests: 0 });
      const stream = bodyOf(answer);
      const { size, start } = aboutOf(answer, stream);
      if (start === from || from === size) return { chunks: chunksOf(stream), end: size, stop: () => stream.destroy() };
      stream.destroy();
      throw new ServiceFailure("the answer begins elsewhere than it should");
    });
  } catch (error) {
    if (isBlobMissing(error) || isConditionRefused(error)) return undefined;
    if (isBeyondEnd(error)) return { chunks: chunksOf([]), end: from, stop: () => undefined };
    throw error;
  }
}

function isBeyondEnd(error: unknown): boolean {
  return error instanceof ServiceFailure && error.status === 416;
}

async function* chunksOf(stream: AsyncIterable<Uint8Array> | readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  // The memory of what the network gives may be shared, and the reader owns what it gets.
  for await (const chunk of stream) yield new Uint8Array(chunk);
}

async function beginningOf(answer: AzureDownload, length: number): Promise<ObjectBeginning> {
  const stream = bodyOf(answer);
  const { size, start, tag, modifiedAt } = aboutOf(answer, stream);
  if (start !== 0) {
    stream.destroy();
    throw notAzure(undefined);
  }
  const wanted = Math.min(length, size);
  const bytes = new Uint8Array(wanted);
  let filled = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    const piece = chunk.subarray(0, wanted - filled);
    bytes.set(piece, filled);
    filled += piece.byteLength;
    if (filled === wanted) break;
  }
  stream.destroy();
  if (filled < wanted) throw new ServiceFailure(`it broke off after ${filled} of ${wanted} bytes`, { mayRepeat: true });
  return { bytes, size, tag, modifiedAt };
}

function bodyOf({ readableStreamBody }: AzureDownload): Readable {
  const stream = readableStreamBody as Readable | undefined;
  if (stream === undefined) throw notAzure(undefined);
  // It may break when nobody reads any more.
  return stream.on("error", () => undefined);
}

interface About {
  /** Of the whole blob. */
  readonly size: number;
  /** Where the bytes of the answer begin. */
  readonly start: number;
  readonly tag: ObjectTag;
  readonly modifiedAt: number;
}

/** What the head of an answer says about its blob. @throws {ServiceFailure} where it is not from this service */
function aboutOf({ etag, lastModified, contentLength, contentRange }: AzureDownload, stream: Readable): About {
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(contentRange ?? "");
  const size = Number(range?.[2] ?? contentLength);
  const modifiedAt = lastModified?.getTime();
  if (Number.isSafeInteger(size) && etag && modifiedAt !== undefined && !Number.isNaN(modifiedAt))
    return { size, start: Number(range?.[1] ?? 0), tag: etag, modifiedAt };
  stream.destroy();
  throw notAzure(undefined);
}
