import { StorageError } from "../../../kernel/errors.ts";
import { filled } from "../checked-stream.ts";
import type { ObjectMedium } from "../object-medium.ts";
import { replacedRecord } from "../record-checks.ts";
import type { Payload, ValueArea, ValueEntry } from "../../storage.ts";
import { goodBeginning, nameOfValue, valueName, valuePrefix } from "./names.ts";
import { bytesFrom, objectIn, ofLength } from "./read-object.ts";

const firstRead = 1024 * 1024;
/** How often a value may be replaced while it is read. */
const attempts = 5;

/** Plain values: one object each, with nothing but their bytes. */
export class ObjectValues implements ValueArea {
  readonly #medium: ObjectMedium;

  constructor(medium: ObjectMedium) {
    this.#medium = medium;
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const object = valueName(name);
    const where = objectIn(this.#medium, object);
    const gone = replacedRecord(where);
    for (let i = 0; i < attempts; i += 1) {
      const beginning = await this.#medium.begin(object, firstRead);
      if (beginning === undefined) return undefined;
      try {
        return await filled(
          bytesFrom(this.#medium, object, beginning, 0, () => gone),
          beginning.size,
          where,
        );
      } catch (error) {
        if (error !== gone) throw error;
      }
    }
    throw new StorageError(`${where} was replaced ${attempts} times while it was read`);
  }

  async open(name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const object = valueName(name);
    const beginning = await this.#medium.begin(object, firstRead);
    if (beginning === undefined) return undefined;
    const where = objectIn(this.#medium, object);
    const bytes = bytesFrom(this.#medium, object, beginning, 0, () => replacedRecord(where));
    return ofLength(bytes, beginning.size, where);
  }

  /** Only those whose objects tell their names: of a hashed one nobody knows it. */
  async *list(prefix = ""): AsyncGenerator<ValueEntry, void> {
    for await (const object of this.#medium.list(valuePrefix + goodBeginning(prefix))) {
      const name = nameOfValue(object);
      if (name?.startsWith(prefix)) yield { name };
    }
  }

  async put(name: string, payload: Payload): Promise<void> {
    await this.#medium.write(valueName(name), payload);
  }

  async delete(name: string): Promise<boolean> {
    return removeObject(this.#medium, valueName(name));
  }
}

/** Removes an object. @returns whether there was one */
export async function removeObject(medium: ObjectMedium, name: string): Promise<boolean> {
  if ((await medium.begin(name, 1)) === undefined) return false;
  await medium.remove(name);
  return true;
}
