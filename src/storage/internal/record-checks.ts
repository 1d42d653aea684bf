import { sha256 } from "../../hashing/sha256.ts";
import { isByteSource } from "../../kernel/byte-source.ts";
import { RecordError, StorageError } from "../../kernel/errors.ts";
import { type Payload, recordFormatVersion, type RecordIdentity, type RecordMetadata } from "../storage.ts";

/*
 * DESIGN: what every storage checks, so that damage is found where the bytes are and nowhere else.
 *
 * What it does: on the way in, the payload's length against `metadata.size`; on the way out, the shape of the
 * metadata, that they belong to the key asked for, and length and SHA-256 of the payload.
 * What it promises: a record that passed is the one that was written. What did not pass is a RecordError.
 * What the caller must do: name the place (`where`), because "a record is damaged" helps nobody.
 */

/** A {@link RecordError} for a record that cannot be used. */
export function damagedRecord(where: string, what: string, cause?: unknown): RecordError {
  return new RecordError("OXBOW_RECORD_DAMAGED", `${where} ${what}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "nothing has to be done: the value is computed again, and the record is replaced",
  });
}

/** The record that was found when `get` was called is not there any more, or is another one. */
export function replacedRecord(where: string): RecordError {
  return damagedRecord(where, "was replaced or removed while it was read");
}

/** What the metadata have to look like, whatever medium they come from. */
export function checkMetadata(found: unknown, key: string | undefined, where: string): RecordMetadata {
  const metadata = found as RecordMetadata;
  if (typeof metadata !== "object" || metadata === null) throw damagedRecord(where, "has no metadata");
  if (typeof metadata.formatVersion !== "number") throw damagedRecord(where, "has metadata without a format version");
  if (metadata.formatVersion > recordFormatVersion) throw tooNew(metadata.formatVersion, where);
  const fault = faultOf(metadata);
  if (fault !== undefined) throw damagedRecord(where, `has metadata with an unusable "${fault}"`);
  if (key !== undefined && metadata.key !== key)
    throw damagedRecord(where, `belongs to another key, ${JSON.stringify(metadata.key)}`);
  return metadata;
}

function tooNew(version: number, where: string): RecordError {
  return new RecordError(
    "OXBOW_RECORD_TOO_NEW",
    `${where} has format version ${version}; this release knows up to ${recordFormatVersion}`,
    {
      hint: "a newer Oxbow wrote it: update this one, or give it a storage of its own",
    },
  );
}

/** Whether a record that was found is one writing of it, and not another. */
export function isWriting(found: RecordMetadata | undefined, one: RecordIdentity): boolean {
  return (
    found !== undefined &&
    found.createdAt === one.createdAt &&
    found.taskRunId === one.taskRunId &&
    found.sha256 === one.sha256
  );
}

const digest = /^[0-9a-f]{64}$/;

/** The first field that is not what it has to be. Written out: it runs on every hit. */
function faultOf(m: RecordMetadata): keyof RecordMetadata | undefined {
  if (typeof m.key !== "string") return "key";
  if (typeof m.createdAt !== "number") return "createdAt";
  if (m.expiresAt !== undefined && typeof m.expiresAt !== "number") return "expiresAt";
  if (typeof m.serializer !== "string") return "serializer";
  if (!Number.isSafeInteger(m.size) || m.size < 0) return "size";
  if (typeof m.sha256 !== "string" || !digest.test(m.sha256)) return "sha256";
  if (typeof m.durationMs !== "number") return "durationMs";
  if (typeof m.taskName !== "string") return "taskName";
  if (typeof m.taskRunId !== "string") return "taskRunId";
  if (m.flowRunId !== undefined && typeof m.flowRunId !== "string") return "flowRunId";
  if (!Array.isArray(m.tags) || !m.tags.every((tag) => typeof tag === "string")) return "tags";
  if (m.fence !== undefined && !isFence(m.fence)) return "fence";
  if (m.commit !== undefined && (typeof m.commit !== "string" || m.commit === "")) return "commit";
  if (m.signature !== undefined && typeof m.signature !== "string") return "signature";
  return hasOnlyStrings(m.components) ? undefined : "components";
}

function isFence(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function hasOnlyStrings(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  for (const name in value) if (typeof (value as Record<string, unknown>)[name] !== "string") return false;
  return true;
}

/**
 * Refuses a payload that is not as long as its metadata say: it could never be read again. None at all is the index
 * entry of a value that is kept elsewhere: its metadata can be read, its `bytes()` are a {@link RecordError}.
 */
export function checkPayloadSize(metadata: RecordMetadata, payload: Payload): void {
  const size = sizeOf(payload);
  if (size === metadata.size || size === 0) return;
  throw new StorageError(
    `The payload for the key ${JSON.stringify(metadata.key)} has ${size} bytes, its metadata say ${metadata.size}`,
    {
      hint: "pass the length of all chunks together as `metadata.size`",
    },
  );
}

/** The length of all chunks together. */
export function sizeOf(payload: Payload): number {
  if (isByteSource(payload)) return payload.size;
  let size = 0;
  for (const chunk of payload) size += chunk.byteLength;
  return size;
}

/** The bytes themselves, once they are known to be the ones that were written. */
export function checkPayload(bytes: Uint8Array, metadata: RecordMetadata, where: string): Uint8Array {
  if (bytes.byteLength !== metadata.size) throw badSize(bytes.byteLength, metadata.size, where);
  if (sha256(bytes) !== metadata.sha256) throw badChecksum(where);
  return bytes;
}

/** Found where the length was right. */
export function badChecksum(where: string): RecordError {
  return damagedRecord(where, "has a payload that does not match its SHA-256");
}

/** The payload is shorter or longer than it was. */
export function badSize(size: number, expected: number, where: string): RecordError {
  return damagedRecord(where, `has ${size} bytes of payload instead of ${expected}`);
}
