import type { IncomingMessage } from "node:http";
import type { Bucket, StoredObject, WriteConditions } from "./buckets.ts";
import { Refusal } from "./refusal.ts";
import { type Content, textsOf, xmlOf } from "./xml.ts";

/** What a request wants. */
export interface Order {
  readonly operation: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** What it gets. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
}

export function orderOf({ method, url, headers }: IncomingMessage, body: Buffer): Order {
  const { pathname, searchParams: query } = new URL(url!, "http://server");
  const [, bucket, path] = /^\/([^/]*)\/?(.*)$/.exec(pathname)!;
  const key = decodeURIComponent(path!);
  return { operation: operationOf(`${method}`, key, query, headers), bucket: bucket!, key, query, headers, body };
}

function operationOf(method: string, key: string, query: URLSearchParams, headers: IncomingMessage["headers"]): string {
  if (headers["x-amz-copy-source"] !== undefined || query.has("delimiter")) return "what is asked by that";
  if (key === "") {
    if (method === "GET") return query.has("uploads") ? "ListMultipartUploads" : "ListObjectsV2";
    return { PUT: "CreateBucket", HEAD: "HeadBucket" }[method] ?? `${method} bucket`;
  }
  if (query.has("uploads")) return "CreateMultipartUpload";
  if (query.has("uploadId"))
    return { PUT: "UploadPart", POST: "CompleteMultipartUpload", DELETE: "AbortMultipartUpload" }[method] ?? method;
  return { GET: "GetObject", HEAD: "HeadObject", PUT: "PutObject", DELETE: "DeleteObject" }[method] ?? method;
}

export function metadataOf(headers: IncomingMessage["headers"]): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => name === "content-type" || name.startsWith("x-amz-meta-"));
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]));
}

export function objectAnswer(
  { body, etag, modifiedAt, metadata }: StoredObject,
  headers: IncomingMessage["headers"],
): Answer {
  if (headers["if-match"] !== undefined && headers["if-match"] !== etag)
    throw new Refusal(412, "PreconditionFailed", "It has another ETag");
  const about = { etag, "last-modified": new Date(modifiedAt).toUTCString(), "accept-ranges": "bytes", ...metadata };
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? "") ?? [];
  if (from === undefined) return { headers: { ...about, "content-length": `${body.byteLength}` }, body };
  const first = Number(from);
  const last = Math.min(to === "" ? Number.POSITIVE_INFINITY : Number(to), body.byteLength - 1);
  if (first > last) throw new Refusal(416, "InvalidRange", "There is nothing there");
  const range = {
    "content-range": `bytes ${first}-${last}/${body.byteLength}`,
    "content-length": `${last - first + 1}`,
  };
  return { status: 206, headers: { ...about, ...range }, body: body.subarray(first, last + 1) };
}

export function completeAnswer(bucket: Bucket, id: string, body: string, conditions: WriteConditions): Answer {
  const etags = textsOf(body, "ETag");
  const parts = textsOf(body, "PartNumber").map((number, index) => ({ number: Number(number), etag: etags[index]! }));
  return xml("CompleteMultipartUploadResult", { ETag: bucket.complete(id, parts, conditions).etag });
}

export function listAnswer(bucket: Bucket, query: URLSearchParams): Answer {
  const token = query.get("continuation-token");
  const after = token === null ? (query.get("start-after") ?? "") : Buffer.from(token, "base64").toString();
  const keys = bucket.keys(query.get("prefix") ?? "", after);
  const page = keys.slice(0, Math.min(Number(query.get("max-keys") ?? 1000), 1000));
  const next = page.length < keys.length ? Buffer.from(page.at(-1) ?? "").toString("base64") : undefined;
  const Contents = page.map((Key) => {
    const { body, etag, modifiedAt } = bucket.get(Key);
    return { Key, Size: body.byteLength, ETag: etag, LastModified: new Date(modifiedAt).toISOString() };
  });
  const about = { KeyCount: page.length, IsTruncated: next !== undefined, NextContinuationToken: next };
  return xml("ListBucketResult", { ...about, Contents });
}

export function uploadsAnswer(bucket: Bucket, prefix: string): Answer {
  const found = [...bucket.uploads].filter(([, { key }]) => key.startsWith(prefix));
  const Upload = found.map(([UploadId, { key, initiatedAt }]) => ({
    Key: key,
    UploadId,
    Initiated: new Date(initiatedAt).toISOString(),
  }));
  return xml("ListMultipartUploadsResult", { IsTruncated: false, Upload });
}

export function xml(name: string, content: Content): Answer {
  return { headers: { "content-type": "application/xml" }, body: xmlOf(name, content) };
}
