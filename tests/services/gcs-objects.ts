/** An answer of {@link GcsObjects} that is no success. */
export class GcsRefusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** One generation of an object. */
export interface GcsObject {
  readonly name: string;
  readonly generation: string;
  readonly bytes: Buffer;
  readonly updated: Date;
  readonly crc32c: string;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly contentType: string;
}

/** What an upload says about the object. */
export interface GcsAbout {
  readonly name?: string;
  readonly metadata?: Record<string, string>;
  readonly contentType?: string;
  readonly crc32c?: string;
}

/** Buckets in memory, with the rules of Google Cloud Storage: generations, preconditions, checksums. No versions are kept. */
export class GcsObjects {
  readonly #buckets = new Map<string, Map<string, GcsObject>>();
  // Generations are moments in microseconds.
  #lastGeneration = 0;

  makeBucket(name: string): void {
    if (!this.#buckets.has(name)) this.#buckets.set(name, new Map());
  }

  get(bucket: string, name: string, generation?: string | null): GcsObject {
    const found = this.#bucket(bucket).get(name);
    if (found !== undefined && (generation ?? found.generation) === found.generation) return found;
    throw new GcsRefusal(404, "notFound", `No such object: ${bucket}/${name}`);
  }

  /** Throws where the precondition does not hold. */
  check(bucket: string, name: string, generation: string | null): void {
    const found = this.#bucket(bucket).get(name);
    if (generation === null || generation === (found?.generation ?? "0")) return;
    const message = "At least one of the pre-conditions you specified did not hold.";
    throw new GcsRefusal(412, "conditionNotMet", message);
  }

  put(bucket: string, name: string, bytes: Buffer, about: GcsAbout = {}, generation: string | null = null): GcsObject {
    if (name === "" || Buffer.byteLength(name) > 1024)
      throw new GcsRefusal(400, "invalid", "The specified object name is not valid.");
    this.check(bucket, name, generation);
    const crc32c = checksum(bytes);
    if ((about.crc32c ?? crc32c) !== crc32c)
      throw new GcsRefusal(400, "invalid", `Provided CRC32C "${about.crc32c}" doesn't match calculated "${crc32c}".`);
    this.#lastGeneration = Math.max(this.#lastGeneration + 1, Date.now() * 1000);
    const { metadata, contentType = "application/octet-stream" } = about;
    const object = { name, bytes, crc32c, metadata, contentType, updated: new Date() };
    const made = { ...object, generation: `${this.#lastGeneration}` };
    this.#bucket(bucket).set(name, made);
    return made;
  }

  delete(bucket: string, name: string, generation: string | null): void {
    this.get(bucket, name);
    this.check(bucket, name, generation);
    this.#bucket(bucket).delete(name);
  }

  /** In the order of the names' UTF-8 bytes. */
  list(bucket: string, prefix: string, startOffset: string): GcsObject[] {
    const start = Buffer.from(startOffset);
    return [...this.#bucket(bucket).values()]
      .filter(({ name }) => name.startsWith(prefix) && Buffer.compare(Buffer.from(name), start) >= 0)
      .sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)));
  }

  #bucket(name: string): Map<string, GcsObject> {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new GcsRefusal(404, "notFound", "The specified bucket does not exist.");
    return bucket;
  }
}

/** An object as the JSON API describes it. */
export function described(bucket: string, object: GcsObject): object {
  const { name, generation, bytes, crc32c, metadata, contentType, updated } = object;
  const times = { timeCreated: updated.toISOString(), updated: updated.toISOString() };
  const size = `${bytes.byteLength}`;
  return { kind: "storage#object", bucket, name, generation, size, crc32c, metadata, contentType, ...times };
}

const table = Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit += 1) byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1;
  return byte >>> 0;
});

/** CRC-32C in base64. */
function checksum(bytes: Uint8Array): string {
  let register = ~0;
  for (const byte of bytes) register = table[(register ^ byte) & 0xff]! ^ (register >>> 8);
  const four = Buffer.alloc(4);
  four.writeUInt32BE(~register >>> 0);
  return four.toString("base64");
}
