import type { ObjectBeginning, ObjectMedium, ObjectTag, WriteCondition } from "../internal/object-medium.ts";
import { lengthOf } from "../internal/parts.ts";
import { ServiceFailure } from "../internal/service-failure.ts";
import type { Payload } from "../storage.ts";
import type { S3Bucket } from "./bucket.ts";
import { type ConditionalWrites, Conditions } from "./conditions.ts";
import { isAbsent } from "./failure.ts";
import { abortOlder } from "./leftovers.ts";
import { partLength } from "./multipart.ts";
import { readBeginning, readRest } from "./read.ts";
import { writeObject } from "./write.ts";

/** A bucket of S3 as object-storage.ts wants it; says what is promised there. */
export class S3Medium implements ObjectMedium {
  readonly kind = "s3";
  readonly location: string;
  readonly #s3: S3Bucket;
  readonly #conditions: Conditions;
  #hasTidied = false;

  constructor(s3: S3Bucket, conditionalWrites: ConditionalWrites | undefined) {
    this.location = s3.names.location;
    this.#s3 = s3;
    this.#conditions = new Conditions(s3, conditionalWrites);
  }

  get likelyConditions(): boolean {
    return this.#conditions.likely;
  }

  conditions(): Promise<boolean> {
    return this.#guarded("write to", this.location, () => this.#conditions.kept());
  }

  begin(name: string, length: number): Promise<ObjectBeginning | undefined> {
    return this.#with("read", name, (key) => readBeginning(this.#s3, key, length));
  }

  async rest(name: string, from: number, tag: ObjectTag): Promise<AsyncIterable<Uint8Array> | undefined> {
    const pieces = await this.#with("read", name, (key) => readRest(this.#s3, key, from, tag));
    return pieces && this.#guardedStream("read", this.#s3.names.where(name), pieces);
  }

  async write(name: string, payload: Payload, condition?: WriteCondition): Promise<boolean> {
    const tidying = lengthOf(payload) > partLength ? this.#tidy() : undefined;
    try {
      return await this.#with("write", name, (key) => {
        const where = this.#s3.names.where(name);
        return writeObject(this.#s3, this.#conditions, { key, where, payload, condition });
      });
    } finally {
      await tidying;
    }
  }

  remove(name: string): Promise<void> {
    return this.#with("remove", name, async (Key) => {
      const input = { Bucket: this.#s3.name, Key };
      try {
        await this.#s3.send((client, sdk, limits) => client.send(new sdk.DeleteObjectCommand(input), limits));
      } catch (error) {
        if (!(error instanceof ServiceFailure && isAbsent(error))) throw error;
      }
    });
  }

  list(prefix: string, after?: string): AsyncIterable<string> {
    return this.#guardedStream("list", this.#s3.names.where(prefix), this.#list(prefix, after));
  }

  close(): Promise<void> {
    return this.#s3.close();
  }

  async *#list(prefix: string, after: string | undefined): AsyncGenerator<string, void> {
    const s3 = this.#s3;
    const input = { Bucket: s3.name, Prefix: s3.names.full(prefix) };
    const start = after === undefined ? {} : { StartAfter: s3.names.full(after) };
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send((client, sdk, limits) =>
        client.send(new sdk.ListObjectsV2Command({ ...input, ...start, ContinuationToken }), limits),
      );
      for (const { Key } of page.Contents ?? []) {
        const name = Key && s3.names.short(Key);
        if (name !== undefined && (after === undefined || name > after)) yield name;
      }
      const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      if (page.IsTruncated === true && (next === undefined || next === ContinuationToken)) {
        throw new ServiceFailure("the server does not say how the list goes on");
      }
      ContinuationToken = next;
    } while (ContinuationToken !== undefined);
  }

  /** Once in the life of a storage, beside its first large write. */
  async #tidy(): Promise<void> {
    if (this.#hasTidied) return;
    this.#hasTidied = true;
    await abortOlder(this.#s3);
  }

  #with<T>(action: string, name: string, work: (key: string) => Promise<T>): Promise<T> {
    return this.#guarded(action, this.#s3.names.where(name), () => work(this.#s3.names.full(name)));
  }

  async #guarded<T>(action: string, where: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#s3.failure(action, where, error);
    }
  }

  async *#guardedStream<T>(action: string, where: string, items: AsyncIterable<T>): AsyncGenerator<T, void> {
    try {
      yield* items;
    } catch (error) {
      throw this.#s3.failure(action, where, error);
    }
  }
}
