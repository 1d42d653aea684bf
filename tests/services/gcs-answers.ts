import type { IncomingMessage } from "node:http";
import { type GcsAbout, type GcsObject, type GcsRefusal } from "./gcs-objects.ts";

/** What is answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** Fields. */
export function json(status: number, value: object): Answer {
  const headers = { "content-type": "application/json; charset=UTF-8" };
  return { status, headers, body: Buffer.from(JSON.stringify(value)) };
}

/** An error, as JSON or, for downloads, in plain words. */
export function refused({ status, reason, message }: GcsRefusal, isMedia = false): Answer {
  if (isMedia) return { status, headers: { "content-type": "text/html; charset=UTF-8" }, body: Buffer.from(message) };
  return json(status, { error: { code: status, message, errors: [{ message, domain: "global", reason }] } });
}

/** The bytes of an object, or a range of them. */
export function media(
  { bytes, generation, crc32c, contentType, updated }: GcsObject,
  range: string | undefined,
): Answer {
  const size = bytes.byteLength;
  const headers = {
    "content-type": contentType,
    "last-modified": updated.toUTCString(),
    "x-goog-generation": generation,
    "x-goog-hash": `crc32c=${crc32c}`,
    "x-goog-stored-content-length": `${size}`,
  };
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  if (from === undefined) return { status: 200, headers, body: bytes };
  if (Number(from) >= size)
    return { status: 416, headers: { "content-range": `bytes */${size}` }, body: Buffer.alloc(0) };
  const end = to === "" || to === undefined ? size : Math.min(size, Number(to) + 1);
  const contentRange = `bytes ${from}-${end - 1}/${size}`;
  return {
    status: 206,
    headers: { ...headers, "content-range": contentRange },
    body: bytes.subarray(Number(from), end),
  };
}

/** The body of a request, as far as it comes. */
export async function bodyOf(request: IncomingMessage): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return { bytes: Buffer.concat(chunks), isWhole: true };
  } catch {
    return { bytes: Buffer.concat(chunks), isWhole: false };
  }
}

/** The two parts of an upload in one request. */
export function partsOf(body: Buffer, contentType: string): { readonly about: GcsAbout; readonly bytes: Buffer } {
  const boundary = `--${/boundary="?([^";]+)/.exec(contentType)![1]!}`;
  const second = body.indexOf(`\r\n${boundary}`, boundary.length) + 2;
  const last = body.lastIndexOf(`\r\n${boundary}--`);
  const content = (from: number, to: number): Buffer => body.subarray(body.indexOf("\r\n\r\n", from) + 4, to);
  return { about: JSON.parse(content(0, second).toString()) as GcsAbout, bytes: content(second, last) };
}
