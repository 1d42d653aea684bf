import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { sleep } from "../../kernel/clock.ts";
import { pauseAfter } from "../internal/attempts.ts";
import { lengthOf, partsOf, wholeOf } from "../internal/parts.ts";
import { ServiceFailure } from "../internal/service-failure.ts";
import type { RequestLimits, S3Bucket } from "./bucket.ts";
import type { Conditions } from "./conditions.ts";
import { MultipartUpload, partLength } from "./multipart.ts";
import { inputOf, judged, type Outcome, type WriteOrder } from "./order.ts";
import { conditionHeaders } from "./probe.ts";

/** What is sent as a stream is sent in pieces of that length. */
const pieceLength = 256 * 1024;

/** What is written, where, and when. */
export type WriteRequest = Pick<WriteOrder, "key" | "where" | "payload" | "condition">;

/**
 * Writes an object: in one request, or in parts where it is long.
 *
 * @returns `false` where the condition does not hold
 */
export async function writeObject(s3: S3Bucket, conditions: Conditions, request: WriteRequest): Promise<boolean> {
  const { condition, payload } = request;
  const headers = condition === undefined ? {} : conditionHeaders(condition, await conditions.tagForm());
  const order = { ...request, size: lengthOf(payload), headers, id: randomUUID(), isAgain: false };
  for (let conflicts = 0; ; ) {
    const outcome = await writeOnce(s3, conditions, order);
    if (outcome !== "conflict") return outcome === "written";
    const failure = new ServiceFailure("others write it at the same time, again and again");
    if ((conflicts += 1) > s3.patience.retries) throw failure;
    await sleep(s3.patience.clock, pauseAfter(conflicts, failure));
  }
}

async function writeOnce(s3: S3Bucket, conditions: Conditions, order: WriteOrder): Promise<Outcome> {
  if (order.size <= partLength)
    return judged(s3, order, putWhole(s3, order, await wholeOf(order.payload, order.where)));
  const isConditional = order.condition !== undefined;
  if (isConditional && !(await conditions.keptByMultipart())) return judged(s3, order, putStream(s3, order));
  return new MultipartUpload(s3, order).run();
}

function putWhole(s3: S3Bucket, order: WriteOrder, Body: Uint8Array): Promise<unknown> {
  const input = { ...inputOf(s3, order), ...order.headers, Body };
  return s3.send(
    (client, sdk, limits, isAgain) => {
      order.isAgain ||= isAgain;
      return client.send(new sdk.PutObjectCommand(input), limits);
    },
    { bytes: order.size },
  );
}

/** One request that is not in memory as a whole. */
function putStream(s3: S3Bucket, order: WriteOrder): Promise<unknown> {
  const input = { ...inputOf(s3, order), ...order.headers, ContentLength: order.size };
  return s3.send(
    (client, sdk, limits, isAgain) => {
      order.isAgain ||= isAgain;
      return withStream(order, limits, (Body, both) => client.send(new sdk.PutObjectCommand({ ...input, Body }), both));
    },
    { bytes: order.size },
  );
}

async function withStream<T>(
  { payload, where }: WriteOrder,
  { abortSignal }: RequestLimits,
  send: (body: Readable, limits: RequestLimits) => Promise<T>,
): Promise<T> {
  const body = Readable.from(partsOf(payload, pieceLength, where), { objectMode: false, highWaterMark: pieceLength });
  const controller = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  // The client itself does not notice, and waits for more.
  body.on("error", (error) => {
    failure ??= { error };
    controller.abort();
  });
  try {
    return await send(body, { abortSignal: AbortSignal.any([abortSignal, controller.signal]) });
  } catch (error) {
    throw failure === undefined ? error : failure.error;
  } finally {
    body.destroy();
  }
}
