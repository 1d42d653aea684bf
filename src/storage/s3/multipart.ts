import type { CompletedPart } from "@aws-sdk/client-s3";
import { messageOf } from "../../kernel/errors.ts";
import { partsOf } from "../internal/parts.ts";
import { ServiceFailure } from "../internal/service-failure.ts";
import type { S3Bucket } from "./bucket.ts";
import { inputOf, isOurs, judged, type Outcome, type WriteOrder } from "./order.ts";

/** The length of a part, and of the longest object that is sent in one request, in bytes. */
export const partLength: number = 8 * 1024 * 1024;
/** S3 takes so many. */
const maxParts = 10_000;
/** How many parts are in memory at once. */
const inMemory = 2;
const mebibyte = 1024 * 1024;

/** Longer parts for what would have too many. */
export function partLengthFor(size: number): number {
  return Math.max(partLength, Math.ceil(size / maxParts / mebibyte) * mebibyte);
}

/*
 * DESIGN: a long object, sent in parts.
 *
 * What it does: two parts are on their way at a time, or one is and the next is being put together. The object appears with the last
 * request, which carries the condition.
 * What it promises: an upload that fails is ended, parts and all, once nothing of it is on its way any more. Where that fails, too, the
 * error says so. Of a process that dies the parts stay: see leftovers.ts.
 */
export class MultipartUpload {
  readonly #s3: S3Bucket;
  readonly #order: WriteOrder;
  #uploadId: string | undefined;
  #isCompleting = false;

  constructor(s3: S3Bucket, order: WriteOrder) {
    this.#s3 = s3;
    this.#order = order;
  }

  async run(): Promise<Outcome> {
    const input = inputOf(this.#s3, this.#order);
    const begun = await this.#s3.send((client, sdk, limits) =>
      client.send(new sdk.CreateMultipartUploadCommand(input), limits),
    );
    this.#uploadId = begun.UploadId;
    try {
      const outcome = await this.#complete(await this.#sendParts());
      // What was refused is told to the caller; parts that stay are ended a day later.
      if (outcome !== "written") await this.#abort().catch(() => undefined);
      return outcome;
    } catch (error) {
      return await this.#giveUp(error);
    }
  }

  async #sendParts(): Promise<CompletedPart[]> {
    const { payload, size, where } = this.#order;
    const controller = new AbortController();
    const sent: CompletedPart[] = [];
    const running = new Set<Promise<void>>();
    try {
      let number = 0;
      for await (const part of partsOf(payload, partLengthFor(size), where)) {
        const PartNumber = (number += 1);
        const sending = this.#sendPart(part, PartNumber, controller.signal).then((done) => {
          sent[PartNumber - 1] = done;
          running.delete(sending);
        });
        running.add(sending);
        sending.catch(() => undefined);
        if (running.size >= inMemory) await Promise.race(running);
      }
      await Promise.all(running);
      return sent;
    } finally {
      controller.abort();
      await Promise.allSettled(running);
    }
  }

  async #sendPart(part: Uint8Array, PartNumber: number, signal: AbortSignal): Promise<CompletedPart> {
    const input = { ...this.#upload(), PartNumber, Body: part };
    const { ETag, ChecksumCRC32 } = await this.#s3.send(
      (client, sdk, limits) => client.send(new sdk.UploadPartCommand(input), limits),
      { bytes: part.byteLength, signal },
    );
    return { PartNumber, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) };
  }

  #complete(Parts: CompletedPart[]): Promise<Outcome> {
    const input = { ...this.#upload(), ...this.#order.headers, MultipartUpload: { Parts } };
    this.#isCompleting = true;
    const completing = this.#s3.send(
      (client, sdk, limits, isAgain) => {
        this.#order.isAgain ||= isAgain;
        return client.send(new sdk.CompleteMultipartUploadCommand(input), limits);
      },
      // Servers that put the parts together only now take their time.
      { bytes: this.#order.size },
    );
    return judged(this.#s3, this.#order, completing);
  }

  /** Ends the upload, unless it turns out that it has succeeded, and only the answer got lost. */
  async #giveUp(error: unknown): Promise<Outcome> {
    const left = await this.#abort().then(
      () => undefined,
      (failure: unknown) => failure as Error,
    );
    if (this.#isCompleting && (await isOurs(this.#s3, this.#order).catch(() => false))) return "written";
    if (left === undefined || (left instanceof ServiceFailure && left.code === "NoSuchUpload")) throw error;
    const failure = error instanceof ServiceFailure ? error : new ServiceFailure(messageOf(error));
    const { status, code } = failure;
    throw new ServiceFailure(`${failure.message}; and what was sent of it stays there for now (${messageOf(left)})`, {
      status,
      code,
    });
  }

  async #abort(): Promise<void> {
    const input = this.#upload();
    await this.#s3.send((client, sdk, limits) => client.send(new sdk.AbortMultipartUploadCommand(input), limits));
  }

  #upload(): { Bucket: string; Key: string; UploadId: string | undefined } {
    return { Bucket: this.#s3.name, Key: this.#order.key, UploadId: this.#uploadId };
  }
}
