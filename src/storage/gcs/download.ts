import type { ObjectBeginning, ObjectTag } from "../internal/object-medium.ts";
import { ServiceFailure } from "../internal/service-failure.ts";
import type { OpenBody } from "../internal/steady-stream.ts";
import { isBucketMissing } from "./failure.ts";
import { type GcsRequests, notGcs } from "./requests.ts";

/** The first `length` bytes of an object and what is known of it: in one request, for an empty one in two. */
export async function readBeginning(
  requests: GcsRequests,
  path: string,
  length: number,
): Promise<ObjectBeginning | undefined> {
  const range = `bytes=0-${Math.max(1, length) - 1}`;
  const found = await ifThere(
    requests.send({ path, query: { alt: "media" }, headers: { range }, accepts: [416] }, (answer) =>
      beginningOf(answer, length),
    ),
  );
  // Of an empty object there is no range, and the answer that says so does not say which one it is.
  if (found !== "empty") return found;
  const whole = await ifThere(
    requests.send({ path, query: { alt: "media" } }, (answer) => beginningOf(answer, length)),
  );
  return whole as ObjectBeginning | undefined;
}

/** The bytes from `from` on, as long as it is the object of this generation. */
export function readBody(
  requests: GcsRequests,
  path: string,
  from: number,
  generation: ObjectTag,
): Promise<OpenBody | undefined> {
  const request = {
    path,
    query: { alt: "media", generation },
    headers: { range: `bytes=${from}-` },
    accepts: [416],
  };
  return ifThere(
    requests.send(request, async (answer) => {
      if (answer.status === 416) {
        await answer.text();
        return { chunks: bodyOf(null), end: from, stop: () => undefined };
      }
      const { size, start } = await aboutOf(answer);
      if (start !== from) {
        await answer.body?.cancel();
        throw new ServiceFailure("the answer begins elsewhere than it should", { status: answer.status });
      }
      const reader = answer.body?.getReader() ?? null;
      return { chunks: bodyOf(reader), end: size, stop: () => void reader?.cancel().catch(() => undefined) };
    }),
  );
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function* bodyOf(reader: Reader | null): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) return;
    yield next.value;
  }
}

async function beginningOf(answer: Response, length: number): Promise<ObjectBeginning | "empty"> {
  if (answer.status === 416) {
    await answer.text();
    return "empty";
  }
  const { size, start, tag, modifiedAt } = await aboutOf(answer);
  if (start !== 0) throw notGcs(answer.status);
  const wanted = Math.min(length, size);
  const bytes = new Uint8Array(wanted);
  let filled = 0;
  // A server that gives more than it was asked for is not read to its end.
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    const piece = chunk.subarray(0, wanted - filled);
    bytes.set(piece, filled);
    filled += piece.byteLength;
    if (filled === wanted) break;
  }
  if (filled < wanted) throw new ServiceFailure(`it broke off after ${filled} of ${wanted} bytes`, { mayRepeat: true });
  return { bytes, size, tag, modifiedAt };
}

interface About {
  /** Of the whole object. */
  readonly size: number;
  /** Where the bytes of the answer begin. */
  readonly start: number;
  readonly tag: ObjectTag;
  readonly modifiedAt: number;
}

/** What the head of an answer says about its object. @throws {ServiceFailure} where it is not from this service */
async function aboutOf(answer: Response): Promise<About> {
  const { headers, status } = answer;
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "");
  const length = headers.get("x-goog-stored-content-length") ?? headers.get("content-length") ?? "";
  const tag = headers.get("x-goog-generation") ?? "";
  const size = Number(status === 206 ? range?.[2] : /^\d+$/.exec(length)?.[0]);
  if (!Number.isSafeInteger(size) || !/^\d+$/.test(tag)) {
    await answer.body?.cancel();
    throw notGcs(status);
  }
  return { size, start: Number(range?.[1] ?? 0), tag, modifiedAt: writtenAt(headers, tag) };
}

/** A generation is the moment it was made, in microseconds; that is all there is where the header is missing. */
function writtenAt(headers: Headers, generation: string): number {
  const time = Date.parse(headers.get("last-modified") ?? "");
  return Number.isNaN(time) ? Math.floor(Number(generation) / 1000) : time;
}

/** What is not there is `undefined`; a bucket that is not there is an error. */
async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof ServiceFailure && error.status === 404 && !isBucketMissing(error)) return undefined;
    throw error;
  }
}
