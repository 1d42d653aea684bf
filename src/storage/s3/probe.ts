import type { ObjectTag, WriteCondition } from "../internal/object-medium.ts";
import { ServiceFailure } from "../internal/service-failure.ts";
import type { S3Bucket } from "./bucket.ts";
import { isAbsent } from "./failure.ts";

/** How the server wants a tag in a condition: as it gives it, or without the quotes. */
export type TagForm = "quoted" | "bare";

/** A condition, as S3 knows it. */
export interface ConditionHeaders {
  readonly IfNoneMatch?: string;
  readonly IfMatch?: string;
}

/** A condition in the words of S3. */
export function conditionHeaders(condition: WriteCondition, form: TagForm): ConditionHeaders {
  if ("absent" in condition) return { IfNoneMatch: "*" };
  return { IfMatch: form === "bare" ? condition.tag.replaceAll('"', "") : condition.tag };
}

/** The tag of what was written; whether it was refused, or not understood; `unclear` where an answer got lost on the way. */
type Answer = { readonly tag: ObjectTag } | "refused" | "unknown" | "unclear";

/** An object that is written to find out what a server does. */
export class Probe {
  readonly #s3: S3Bucket;
  readonly #object: { readonly Bucket: string; readonly Key: string };

  constructor(s3: S3Bucket, key: string) {
    this.#s3 = s3;
    this.#object = { Bucket: s3.name, Key: key };
  }

  put(Body: string, headers: ConditionHeaders): Promise<Answer> {
    let wasAgain = false;
    const putting = this.#s3.send((client, sdk, limits, isAgain) => {
      wasAgain ||= isAgain;
      return client.send(new sdk.PutObjectCommand({ ...this.#object, Body, ...headers }), limits);
    });
    return answerOf(putting, () => wasAgain);
  }

  /** Writes it without a condition. @returns its tag */
  async write(Body: string): Promise<ObjectTag> {
    const written = await this.#s3.send((client, sdk, limits) =>
      client.send(new sdk.PutObjectCommand({ ...this.#object, Body }), limits),
    );
    return written.ETag ?? "";
  }

  /** Sends one part. @returns what completes the upload, and what ends it */
  async upload(
    Body: string,
  ): Promise<{ complete(headers: ConditionHeaders): Promise<Answer>; abort(): Promise<void> }> {
    const [s3, object] = [this.#s3, this.#object];
    const { UploadId } = await s3.send((client, sdk, limits) =>
      client.send(new sdk.CreateMultipartUploadCommand(object), limits),
    );
    const part = { ...object, UploadId, PartNumber: 1, Body };
    const { ETag } = await s3.send((client, sdk, limits) => client.send(new sdk.UploadPartCommand(part), limits));
    const input = { ...object, UploadId, MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] } };
    return {
      complete: (headers) =>
        answerOf(
          s3.send((client, sdk, limits) =>
            client.send(new sdk.CompleteMultipartUploadCommand({ ...input, ...headers }), limits),
          ),
          () => false,
        ),
      abort: () =>
        s3
          .send((client, sdk, limits) =>
            client.send(new sdk.AbortMultipartUploadCommand({ ...object, UploadId }), limits),
          )
          .then(ignore, ignore),
    };
  }

  /** Of one that cannot be removed, the next process takes care. */
  remove(): Promise<void> {
    const removing = this.#s3.send((client, sdk, limits) =>
      client.send(new sdk.DeleteObjectCommand(this.#object), limits),
    );
    return removing.then(ignore, ignore);
  }
}

async function answerOf(
  request: Promise<{ readonly ETag?: string | undefined }>,
  wasAgain: () => boolean,
): Promise<Answer> {
  try {
    return { tag: (await request).ETag ?? "" };
  } catch (error) {
    if (!(error instanceof ServiceFailure)) throw error;
    if (error.status === 412 || isAbsent(error)) return wasAgain() ? "unclear" : "refused";
    if (error.status === 400 || error.status === 405 || error.status === 501) return "unknown";
    throw error;
  }
}

/** How the server wants tags; `undefined` where it does not keep both conditions. */
export async function findTagForm(probe: Probe): Promise<TagForm | undefined | "unclear"> {
  const first = await probe.put("1", { IfNoneMatch: "*" });
  if (first === "unclear") return first;
  if (typeof first === "string") {
    // Refused though there is none, or not understood: unless it is something else that is wrong.
    await probe.write("1");
    return undefined;
  }
  const over = await probe.put("2", { IfNoneMatch: "*" });
  if (typeof over === "object" || over === "unknown") return undefined;
  for (const form of ["quoted", "bare"] as const) {
    const headers = conditionHeaders(first, form);
    const second = await probe.put("2", headers);
    if (second === "unclear") return second;
    if (typeof second === "string") continue;
    // What was there before is there no more.
    const third = await probe.put("3", headers);
    return typeof third === "object" || third === "unknown" ? undefined : form;
  }
  return undefined;
}

/** Whether the server keeps both conditions when a multipart upload is completed. */
export async function multipartKeeps(probe: Probe, form: TagForm): Promise<boolean> {
  const written = { tag: await probe.write("1") };
  const upload = await probe.upload("2");
  const stale = { tag: '"00000000000000000000000000000000"' };
  try {
    if ((await upload.complete({ IfNoneMatch: "*" })) !== "refused") return false;
    if ((await upload.complete(conditionHeaders(stale, form))) !== "refused") return false;
    return typeof (await upload.complete(conditionHeaders(written, form))) === "object";
  } finally {
    await upload.abort();
  }
}

function ignore(): void {}
