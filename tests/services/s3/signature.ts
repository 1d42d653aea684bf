import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { crc32 } from "node:zlib";
import { Refusal } from "./refusal.ts";

/** What the server knows of its one user. */
export interface Account {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

const tolerance = 15 * 60_000;

/**
 * Checks the signature of a request (AWS Signature Version 4, in the header) and what it says of the body.
 *
 * @param now the clock of the server
 * @returns the body itself, without the frames of aws-chunked
 */
export function verified(request: IncomingMessage, sent: Buffer, account: Account, now: number): Buffer {
  const { headers } = request;
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w{64})$/;
  const [, id, day, region, names, signature] = pattern.exec(headers.authorization ?? "") ?? [];
  if (signature === undefined) throw new Refusal(403, "AccessDenied", "There is no signature that can be understood");
  if (id !== account.accessKeyId) throw new Refusal(403, "InvalidAccessKeyId", "There is no such access key");
  const date = headers["x-amz-date"] as string;
  const time = Date.parse(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5"));
  if (!(Math.abs(time - now) <= tolerance))
    throw new Refusal(403, "RequestTimeTooSkewed", "The clocks differ too much");
  if (region !== account.region)
    throw new Refusal(400, "AuthorizationHeaderMalformed", `The region is ${account.region}`);

  const payload = headers["x-amz-content-sha256"] as string;
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = [day!, region, "s3", "aws4_request"].reduce<Buffer | string>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${account.secretAccessKey}`,
  );
  const text = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical(request, names!, payload))].join("\n");
  const expected = createHmac("sha256", key).update(text).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, "hex"))) {
    throw new Refusal(403, "SignatureDoesNotMatch", "The signature is another one");
  }
  return checkedBody(headers, sent, payload);
}

function canonical({ method, url, headers }: IncomingMessage, names: string, payload: string): string {
  const { pathname, searchParams } = new URL(url!, "http://server");
  const query = [...searchParams].map(([name, value]) => `${encoded(name)}=${encoded(value)}`).toSorted();
  const lines = names.split(";").map(
    (name) =>
      `${name}:${String(headers[name] ?? "")
        .trim()
        .replaceAll(/ +/g, " ")}\n`,
  );
  const path = pathname.split("/").map((part) => encoded(decodeURIComponent(part)));
  return [method, path.join("/"), query.join("&"), lines.join(""), names, payload].join("\n");
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function checkedBody(headers: IncomingMessage["headers"], sent: Buffer, payload: string): Buffer {
  const isFramed = payload === "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  if (!isFramed && payload !== "UNSIGNED-PAYLOAD" && payload !== sha256(sent)) {
    throw payload.startsWith("STREAMING-")
      ? new Refusal(501, "NotImplemented", `${payload} is not known here`)
      : new Refusal(400, "XAmzContentSHA256Mismatch", "The body is another one");
  }
  const { body, trailers } = isFramed ? unframed(sent) : { body: sent, trailers: {} };
  const said: Record<string, unknown> = { ...headers, ...trailers };
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  const sums = {
    "x-amz-checksum-crc32": () => crc.toString("base64"),
    "x-amz-checksum-sha256": () => createHash("sha256").update(body).digest("base64"),
    "content-md5": () => createHash("md5").update(body).digest("base64"),
    "x-amz-decoded-content-length": () => `${body.byteLength}`,
  };
  for (const [name, sum] of Object.entries(sums)) {
    if (said[name] !== undefined && said[name] !== sum()) throw new Refusal(400, "BadDigest", `${name} is another one`);
  }
  return body;
}

/** `<length in hex>\r\n<bytes>\r\n` as often as there is more, then `0\r\n`, trailers and an empty line. */
function unframed(sent: Buffer): { body: Buffer; trailers: Record<string, string> } {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = sent.indexOf("\r\n", at);
    const length = Number.parseInt(sent.toString("latin1", at, end), 16);
    if (end < 0 || Number.isNaN(length)) throw new Refusal(400, "IncompleteBody", "The frames are not whole");
    if (length === 0) {
      const lines = sent
        .toString("latin1", end + 2)
        .split("\r\n")
        .filter((line) => line !== "");
      const trailers = Object.fromEntries(lines.map((line) => line.split(/:(.*)/, 2) as [string, string]));
      return { body: Buffer.concat(pieces), trailers };
    }
    pieces.push(sent.subarray(end + 2, end + 2 + length));
    at = end + 4 + length;
  }
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
