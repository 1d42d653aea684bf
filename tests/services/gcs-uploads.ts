import { randomUUID } from "node:crypto";
import { type GcsAbout, type GcsObject, type GcsObjects, GcsRefusal } from "./gcs-objects.ts";

/** Parts that are not the last one have lengths that are multiples of this, in bytes. */
const granule = 256 * 1024;

interface Session {
  readonly bucket: string;
  readonly name: string;
  readonly about: GcsAbout;
  readonly condition: string | null;
  readonly parts: Buffer[];
  received: number;
  made: GcsObject | undefined;
}

/** What a PUT to a session has come to: an object, or how many bytes there are so far. */
export type UploadProgress = GcsObject | number;

/** Resumable uploads. */
export class GcsUploads {
  readonly #objects: GcsObjects;
  readonly #sessions = new Map<string, Session>();

  constructor(objects: GcsObjects) {
    this.#objects = objects;
  }

  /** How many uploads have begun, and neither ended nor been cancelled. */
  get open(): number {
    return [...this.#sessions.values()].filter(({ made }) => made === undefined).length;
  }

  begin(bucket: string, name: string, about: GcsAbout, condition: string | null): string {
    this.#objects.check(bucket, name, condition);
    const id = randomUUID();
    this.#sessions.set(id, { bucket, name, about, condition, parts: [], received: 0, made: undefined });
    return id;
  }

  cancel(id: string): void {
    this.#session(id);
    this.#sessions.delete(id);
  }

  forgetAll(): void {
    this.#sessions.clear();
  }

  put(id: string, range: string, bytes: Buffer, hash: string | undefined): UploadProgress {
    const session = this.#session(id);
    if (session.made !== undefined) return session.made;
    // `0-*` is all that there is: a body whose length its sender did not know, or did not say.
    const [, from, to, total] = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(range) ?? [];
    if (total === undefined) throw new GcsRefusal(400, "badRequest", "Failed to parse Content-Range header.");
    const last = to === "*" ? session.received + bytes.byteLength - 1 : Number(to);
    if (from !== undefined) this.#take(session, Number(from), last, bytes, total);
    const isAll = total === "*" ? to === "*" : `${session.received}` === total;
    if (!isAll) return session.received;
    return this.#finish(id, session, hash);
  }

  #take(session: Session, from: number, to: number, bytes: Buffer, total: string): void {
    if (from !== session.received) throw new GcsRefusal(503, "backendError", "Invalid request: it begins elsewhere.");
    const isLast = total === "*" || `${to + 1}` === total;
    // What has come of a part that broke off is kept, as far as it fills a granule.
    const isWhole = bytes.byteLength === to - from + 1;
    if (isWhole && !isLast && bytes.byteLength % granule !== 0)
      throw new GcsRefusal(400, "badRequest", "The part has a length that is no multiple of 256 KiB.");
    const kept = isWhole ? bytes : bytes.subarray(0, bytes.byteLength - (bytes.byteLength % granule));
    session.parts.push(kept);
    session.received += kept.byteLength;
  }

  #finish(id: string, session: Session, hash: string | undefined): GcsObject {
    this.#sessions.delete(id);
    const { bucket, name, about, condition, parts } = session;
    const crc32c = /crc32c=([^,]+)/.exec(hash ?? "")?.[1];
    const checked = crc32c === undefined ? about : { ...about, crc32c };
    const made = this.#objects.put(bucket, name, Buffer.concat(parts), checked, condition);
    this.#sessions.set(id, { ...session, parts: [], made });
    return made;
  }

  #session(id: string): Session {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new GcsRefusal(404, "notFound", "Not Found");
    return session;
  }
}
