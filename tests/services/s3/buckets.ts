import { createHash, randomUUID } from "node:crypto";
import { Refusal } from "./refusal.ts";

/** An object as it is kept. */
export interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
  readonly modifiedAt: number;
  /** The headers that it was written with and is given back with. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An upload in parts that was neither completed nor ended. */
export interface Upload {
  readonly key: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly body: Buffer; readonly etag: string }>;
  initiatedAt: number;
}

/** The headers of a write that say when it may happen. */
export interface WriteConditions {
  readonly ifNoneMatch: string | undefined;
  readonly ifMatch: string | undefined;
}

const smallestPart = 5 * 1024 * 1024;

/** One bucket. All its operations happen at once: nobody sees half of one. */
export class Bucket {
  readonly objects: Map<string, StoredObject> = new Map();
  readonly uploads: Map<string, Upload> = new Map();

  put(
    key: string,
    body: Buffer,
    metadata: StoredObject["metadata"],
    conditions: WriteConditions,
    etag = `"${md5(body)}"`,
  ): StoredObject {
    const found = this.objects.get(key);
    const failed = new Refusal(412, "PreconditionFailed", "One of the conditions does not hold");
    if (conditions.ifNoneMatch === "*" && found !== undefined) throw failed;
    if (conditions.ifMatch !== undefined) {
      if (found === undefined) throw new Refusal(404, "NoSuchKey", "There is no such key");
      if (conditions.ifMatch !== found.etag) throw failed;
    }
    const object = { body, etag, modifiedAt: Date.now(), metadata };
    this.objects.set(key, object);
    return object;
  }

  get(key: string): StoredObject {
    const found = this.objects.get(key);
    if (found === undefined) throw new Refusal(404, "NoSuchKey", "There is no such key");
    return found;
  }

  begin(key: string, metadata: StoredObject["metadata"]): string {
    const id = randomUUID();
    this.uploads.set(id, { key, metadata, parts: new Map(), initiatedAt: Date.now() });
    return id;
  }

  part(id: string, number: number, body: Buffer): string {
    const etag = `"${md5(body)}"`;
    this.#upload(id).parts.set(number, { body, etag });
    return etag;
  }

  complete(
    id: string,
    named: ReadonlyArray<{ number: number; etag: string }>,
    conditions: WriteConditions,
  ): StoredObject {
    const upload = this.#upload(id);
    const parts = named.map(({ number, etag }) => {
      const part = upload.parts.get(number);
      if (part?.etag !== etag) throw new Refusal(400, "InvalidPart", `Part ${number} was not sent so`);
      return part.body;
    });
    if (parts.slice(0, -1).some((part) => part.byteLength < smallestPart)) {
      throw new Refusal(400, "EntityTooSmall", "A part that is not the last one is too small");
    }
    const etag = `"${md5(Buffer.concat(parts.map((part) => createHash("md5").update(part).digest())))}-${parts.length}"`;
    const object = this.put(upload.key, Buffer.concat(parts), upload.metadata, conditions, etag);
    this.uploads.delete(id);
    return object;
  }

  abort(id: string): void {
    this.#upload(id);
    this.uploads.delete(id);
  }

  /** Keys that begin with a prefix, those after `after`, in the order of their bytes. */
  keys(prefix: string, after: string): string[] {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix));
    const bytes = (text: string): Buffer => Buffer.from(text);
    return keys
      .filter((key) => Buffer.compare(bytes(key), bytes(after)) > 0)
      .toSorted((left, right) => Buffer.compare(bytes(left), bytes(right)));
  }

  #upload(id: string): Upload {
    const found = this.uploads.get(id);
    if (found === undefined) throw new Refusal(404, "NoSuchUpload", "There is no such upload");
    return found;
  }
}

function md5(data: Buffer): string {
  return createHash("md5").update(data).digest("hex");
}
