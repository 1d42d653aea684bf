import type { S3Bucket } from "./bucket.ts";

/** What is older belongs to nobody any more, in milliseconds. */
const abandonedAfterMs = 24 * 3_600_000;

/** Ends the multipart uploads below the prefix of a bucket that are older than a day, a page of them. What cannot be done is left. */
export async function abortOlder(s3: S3Bucket): Promise<void> {
  try {
    const input = { Bucket: s3.name, Prefix: s3.names.prefix };
    const { Uploads } = await s3.send((client, sdk, limits) =>
      client.send(new sdk.ListMultipartUploadsCommand(input), limits),
    );
    for (const { Key, UploadId, Initiated } of Uploads ?? []) {
      // Some servers leave the prefix out of account.
      if (Key === undefined || !Key.startsWith(s3.names.prefix) || !isOld(Initiated)) continue;
      await s3.send((client, sdk, limits) =>
        client.send(new sdk.AbortMultipartUploadCommand({ Bucket: s3.name, Key, UploadId }), limits),
      );
    }
  } catch {
    // It needs rights of its own, and the next process tries again.
  }
}

/** Removes objects below a prefix that are older than a day, a page of them. What cannot be done is left. */
export async function removeOlder(s3: S3Bucket, prefix: string): Promise<void> {
  try {
    const input = { Bucket: s3.name, Prefix: s3.names.prefix + prefix };
    const { Contents } = await s3.send((client, sdk, limits) =>
      client.send(new sdk.ListObjectsV2Command(input), limits),
    );
    for (const { Key, LastModified } of Contents ?? []) {
      if (Key === undefined || !Key.startsWith(input.Prefix) || !isOld(LastModified)) continue;
      await s3.send((client, sdk, limits) =>
        client.send(new sdk.DeleteObjectCommand({ Bucket: s3.name, Key }), limits),
      );
    }
  } catch {
    // It needs rights of its own, and the next process tries again.
  }
}

function isOld(time: Date | undefined): boolean {
  return time !== undefined && time.getTime() < Date.now() - abandonedAfterMs;
}
