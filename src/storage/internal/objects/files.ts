import { RecordError, StorageError } from "../../../kernel/errors.ts";
import { filled } from "../checked-stream.ts";
import type { ObjectMedium, ObjectTag } from "../object-medium.ts";
import type { FileArea, Payload, StoredFile } from "../../storage.ts";
import { fileName } from "./names.ts";
import { bytesFrom, objectIn, ofLength } from "./read-object.ts";
import { removeObject } from "./values.ts";

const firstRead = 1024 * 1024;

/** Plain files: one object each, under its path. */
export class ObjectFiles implements FileArea {
  readonly #medium: ObjectMedium;

  constructor(medium: ObjectMedium) {
    this.#medium = medium;
  }

  locate(path: string): string {
    // What is said beside the place (the address of a server) stays behind it.
    const [, place, more] = /^([^\s?]*)([^]*)$/.exec(this.#medium.location)!;
    return `${place!.replace(/\/$/, "")}/${fileName(path)}${more}`;
  }

  async find(path: string): Promise<StoredFile | undefined> {
    const name = fileName(path);
    const found = await this.#medium.begin(name, 1);
    if (found === undefined) return undefined;
    const { size, modifiedAt, tag } = found;
    const stream = (): AsyncIterable<Uint8Array> => this.#content(name, tag);
    return { size, modifiedAt, stream, bytes: () => filled(stream(), size, objectIn(this.#medium, name)) };
  }

  async write(path: string, payload: Payload): Promise<void> {
    await this.#medium.write(fileName(path), payload);
  }

  async delete(path: string): Promise<boolean> {
    return removeObject(this.#medium, fileName(path));
  }

  /** What the file holds, as long as it is the one that was found. */
  async *#content(name: string, tag: ObjectTag): AsyncGenerator<Uint8Array, void> {
    const where = objectIn(this.#medium, name);
    const gone = () => new StorageError(`${where} was replaced or removed since it was found`);
    const beginning = await this.#medium.begin(name, firstRead);
    if (beginning?.tag !== tag) throw gone();
    try {
      yield* ofLength(bytesFrom(this.#medium, name, beginning, 0, gone), beginning.size, where);
    } catch (error) {
      // A file is no record: nobody computes it again by itself.
      throw error instanceof RecordError ? new StorageError(error.message) : error;
    }
  }
}
