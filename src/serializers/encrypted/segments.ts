import type { CipherGCM, DecipherGCM } from "node:crypto";
import { ByteQueue } from "../internal/chunks.ts";
import type { KnownKey } from "../internal/secret-key.ts";

/*
 * DESIGN. The bytes of `encrypted()`, of values and of streams:
 *
 *   version 1 (1 byte) · key id (8) · salt (16) · segments
 *
 * - Each payload has a key of its own: HKDF-SHA-256 (RFC 5869) of the secret, the random salt, and a fixed text. So nonces
 *   need not be random, and none is used twice with a key, however many payloads there are.
 * - The plaintext is cut into segments of 64 KiB, the last one shorter; each is AES-256-GCM (NIST SP 800-38D) with a tag of
 *   16 bytes behind it. The nonce is the segment's number (11 bytes) and whether it is the last (1 byte): the STREAM
 *   construction of Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
 *   Misuse-Resistance" (CRYPTO 2015), as age lays it out. Segments that were moved, left out, added or cut off do not open.
 * - Nothing of a segment is handed out before its tag was compared.
 * - The format (`label`) is authenticated with each segment: bytes written for one format do not open for another.
 */

const crypto = (): typeof import("node:crypto") => process.getBuiltinModule("node:crypto");
const algorithm = "aes-256-gcm";
const version = 1;
const idEnd = 9;
const headSize = 25;
const segmentSize = 64 * 1024;
const tagSize = 16;

/** What is shared by writing and reading: the payload's key, and the count of segments. */
class Segments {
  readonly #key: Uint8Array;
  readonly #label: Uint8Array;
  #next = 0;

  constructor({ secret }: KnownKey, salt: Uint8Array, label: string) {
    this.#key = new Uint8Array(crypto().hkdfSync("sha256", secret, salt, "oxbow encrypted payload 1", 32));
    this.#label = Buffer.from(label);
  }

  seal(plain: Uint8Array, isLast: boolean): Buffer {
    const nonce = this.#nonce(isLast);
    const cipher: CipherGCM = crypto().createCipheriv(algorithm, this.#key, nonce, { authTagLength: tagSize });
    cipher.setAAD(this.#label);
    const sealed = Buffer.allocUnsafeSlow(plain.length + tagSize);
    moveTo(sealed, cipher.update(plain));
    cipher.final();
    cipher.getAuthTag().copy(sealed, plain.length);
    return sealed;
  }

  open(sealed: Buffer, isLast: boolean): Buffer {
    const nonce = this.#nonce(isLast);
    const decipher: DecipherGCM = crypto().createDecipheriv(algorithm, this.#key, nonce, { authTagLength: tagSize });
    decipher.setAAD(this.#label).setAuthTag(sealed.subarray(-tagSize));
    const plain = Buffer.allocUnsafeSlow(sealed.length - tagSize);
    moveTo(plain, decipher.update(sealed.subarray(0, -tagSize)));
    decipher.final();
    return plain;
  }

  #nonce(isLast: boolean): Buffer {
    const nonce = Buffer.alloc(12);
    nonce.writeUIntBE(this.#next++, 5, 6);
    nonce[11] = isLast ? 1 : 0;
    return nonce;
  }
}

/**
 * Copies what a cipher gave out, and frees its memory at once: it is not of the kind that makes the garbage collector run, so
 * of a long stream 80 MB would lie around.
 */
function moveTo(target: Buffer, { buffer, byteOffset, byteLength }: Buffer): void {
  target.set(new Uint8Array(buffer, byteOffset, byteLength));
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** Encrypts pieces that come one after the other. */
export class Sealer {
  /** Stands in front of the segments. */
  readonly head: Buffer;
  readonly #segments: Segments;
  readonly #waiting = new ByteQueue();

  constructor(key: KnownKey, label: string) {
    const salt = crypto().randomBytes(headSize - idEnd);
    this.head = Buffer.concat([Uint8Array.of(version), Buffer.from(key.id, "hex"), salt]);
    this.#segments = new Segments(key, salt, label);
  }

  /** The segments that are full, and followed by something. */
  *push(plain: Uint8Array): Generator<Buffer, void> {
    this.#waiting.push(plain);
    while (this.#waiting.length > segmentSize) yield this.#segments.seal(this.#waiting.take(segmentSize), false);
  }

  /** The last segment. */
  end(): Buffer {
    return this.#segments.seal(this.#waiting.take(this.#waiting.length), true);
  }
}

/** Decrypts them again. What it throws is to be taken for a reason that the bytes cannot be read. */
export class Opener {
  readonly #keyOf: (id: string) => KnownKey;
  readonly #label: string;
  readonly #waiting = new ByteQueue();
  #segments: Segments | undefined;

  constructor(keyOf: (id: string) => KnownKey, label: string) {
    this.#keyOf = keyOf;
    this.#label = label;
  }

  /** What the segments hold that are there, and followed by something. */
  *push(sealed: Uint8Array): Generator<Buffer, void> {
    const waiting = this.#waiting;
    waiting.push(sealed);
    if (!this.#segments && waiting.length >= headSize) this.#segments = this.#begin(waiting.take(headSize));
    if (!this.#segments) return;
    while (waiting.length > segmentSize + tagSize) {
      yield this.#open(this.#segments, waiting.take(segmentSize + tagSize), false);
    }
  }

  /** What the last segment holds. */
  end(): Buffer {
    if (!this.#segments || this.#waiting.length < tagSize) throw new Error("it was cut off");
    return this.#open(this.#segments, this.#waiting.take(this.#waiting.length), true);
  }

  #begin(head: Buffer): Segments {
    if (head[0] !== version) throw new Error(`its version is ${head[0]}, and this release knows ${version}`);
    return new Segments(this.#keyOf(head.toString("hex", 1, idEnd)), head.subarray(idEnd), this.#label);
  }

  #open(segments: Segments, sealed: Buffer, isLast: boolean): Buffer {
    try {
      return segments.open(sealed, isLast);
    } catch {
      throw new Error("it was changed or cut off after it was written, or stands under another format");
    }
  }
}
