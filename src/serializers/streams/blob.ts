import { collect } from "../../kernel/byte-source.ts";
import { unreadable } from "../internal/refusals.ts";
import { bytesOf, refused, type StreamKind } from "./stream-kind.ts";

/*
 * DESIGN. A line of JSON, and behind the newline the bytes: {"type":"image/png"}, and of a File its "name" and
 * "lastModified" too.
 */

interface Description {
  readonly type: string;
  readonly name?: string;
  readonly lastModified?: number;
}

/** Whether a value is a `Blob` or a `File`, and not of a class derived from them. */
export function isBlob(value: object): value is Blob {
  if (!("arrayBuffer" in value && value instanceof Blob)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Blob.prototype || prototype === File.prototype || prototype === partPrototype();
}

// Node 22 makes the parts of a blob, and its copies, of a class of its own.
let partOf: object | undefined;
const partPrototype = (): object => (partOf ??= Object.getPrototypeOf(new Blob([]).slice()) as object);

/** A `Blob` with its type, or a `File` with its name and time. What comes back is in memory, as blobs are. */
export const blobKind: StreamKind = {
  name: "blob",

  chunks(value) {
    if (typeof value !== "object" || value === null || !isBlob(value))
      throw refused("it is no Blob", "return a Blob or a File");
    return read(value);
  },

  async open(chunks) {
    const bytes = Buffer.from(await collect(chunks));
    const end = bytes.indexOf("\n");
    const { type, name, lastModified = 0 } = described(bytes.subarray(0, Math.max(end, 0)));
    const parts = [bytes.subarray(end + 1)];
    return name === undefined ? new Blob(parts, { type }) : new File(parts, name, { type, lastModified });
  },
};

async function* read(blob: Blob): AsyncGenerator<Uint8Array, void> {
  const { type } = blob;
  const description: Description =
    blob instanceof File ? { type, name: blob.name, lastModified: blob.lastModified } : { type };
  yield Buffer.from(`${JSON.stringify(description)}\n`);
  for await (const chunk of blob.stream()) yield bytesOf(chunk, "the Blob");
}

function described(line: Buffer): Description {
  try {
    const found = JSON.parse(line.toString()) as Record<keyof Description, unknown>;
    const isFile = typeof found.name === "string" && Number.isFinite(found.lastModified);
    const isBlob = found.name === undefined && found.lastModified === undefined;
    if (typeof found.type === "string" && (isFile || isBlob)) return found as Description;
  } catch (error) {
    throw unreadable("blob", error);
  }
  throw unreadable("blob", "its first line is not one that a blob begins with");
}
