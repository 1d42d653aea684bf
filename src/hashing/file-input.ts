import { createReadStream, statSync } from "node:fs";
import { resolve } from "node:path";
import { newHash } from "./sha256.ts";

/** How a {@link FileInput} is told from another. */
export interface FileInputOptions {
  /**
   * `"mtime"`: by path, size and time of the last change, which costs one `stat`.
   * `"content"`: by its bytes alone, wherever the file is and whatever it is called; it is read once per key.
   *
   * @default "mtime"
   */
  readonly by?: "mtime" | "content";
}

/** A file as an argument of a task: use its {@link FileInput.path | path} inside. Made by {@link fileInput}. */
export class FileInput {
  readonly path: string;
  readonly by: "mtime" | "content";

  constructor(path: string, options: FileInputOptions) {
    this.path = path;
    this.by = options.by ?? "mtime";
  }

  /** The path, so that the object can stand where a path is put into a text. */
  toString(): string {
    return this.path;
  }
}

/**
 * A file as an argument of a task. The cache key then depends on the file, not only on its name.
 *
 * @param path where it is; a relative path starts at the working directory
 * @param options how two files are told apart
 * @example
 * ```ts
 * const countLines = task("count-lines", async (file: FileInput) => (await readFile(file.path, "utf8")).split("\n").length);
 * await countLines(fileInput("data.csv"));
 * ```
 */
export function fileInput(path: string, options: FileInputOptions = {}): FileInput {
  return new FileInput(path, options);
}

/** Path, size and time of the last change in nanoseconds. */
export function fileStamp(path: string): readonly [path: string, size: string, mtimeNs: string] {
  const { size, mtimeNs } = statSync(path, { bigint: true });
  return [resolve(path), `${size}`, `${mtimeNs}`];
}

/** SHA-256 of a file's bytes, read in chunks. */
export function fileDigest(path: string): Promise<string> {
  return streamDigest(createReadStream(path));
}

/** SHA-256 of a stream's bytes. */
export async function streamDigest(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = newHash();
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}
