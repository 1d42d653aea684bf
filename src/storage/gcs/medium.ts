import type { Patience } from "../internal/attempts.ts";
import type { ObjectBeginning, ObjectMedium, ObjectTag, WriteCondition } from "../internal/object-medium.ts";
import type { ObjectNames } from "../internal/object-names.ts";
import { hiding } from "../internal/service-failure.ts";
import { steadyStream } from "../internal/steady-stream.ts";
import type { Payload } from "../storage.ts";
import type { GcsClient } from "./client.ts";
import { readBeginning, readBody } from "./download.ts";
import { gcsFailure, isBucketMissing } from "./failure.ts";
import { fieldsOf, GcsRequests, objectPath } from "./requests.ts";
import { upload } from "./upload.ts";

/** What a {@link GcsMedium} is made of. */
export interface GcsMediumOptions {
  readonly bucket: string;
  readonly names: ObjectNames;
  readonly patience: Patience;
  /** Makes the client, or gives the one of the caller. */
  readonly open: () => Promise<GcsClient>;
  /** What no message may hold. */
  readonly secrets?: ReadonlyArray<string | undefined>;
}

/** Objects in Google Cloud Storage. Their tags are generations: no two states of an object ever have the same. */
export class GcsMedium implements ObjectMedium {
  readonly kind = "gcs";
  readonly location: string;
  readonly likelyConditions = true;
  readonly #bucket: string;
  readonly #names: ObjectNames;
  readonly #patience: Patience;
  readonly #requests: GcsRequests;
  #client: Promise<GcsClient> | undefined;

  constructor({ bucket, names, patience, open, secrets = [] }: GcsMediumOptions) {
    this.location = names.location;
    this.#bucket = bucket;
    this.#names = names;
    this.#patience = patience;
    this.#requests = new GcsRequests(() => (this.#client ??= this.#opened(open)), patience, hiding(secrets));
  }

  /** Generations are compared by the service itself, in every release of it. */
  async conditions(): Promise<boolean> {
    return true;
  }

  async begin(name: string, length: number): Promise<ObjectBeginning | undefined> {
    const path = this.#path(name);
    return this.#saying("read", name, () => readBeginning(this.#requests, path, length));
  }

  async rest(name: string, from: number, tag: ObjectTag): Promise<AsyncIterable<Uint8Array> | undefined> {
    const path = this.#path(name);
    const reopen = (at: number): ReturnType<typeof readBody> => readBody(this.#requests, path, at, tag);
    const body = await this.#saying("read", name, () => reopen(from));
    if (body === undefined) return undefined;
    const { failureOf } = this.#requests;
    const stream = steadyStream({ body, from, reopen, failureOf, patience: this.#patience });
    return this.#sayingEach("read", name, stream);
  }

  async write(name: string, payload: Payload, condition?: WriteCondition): Promise<boolean> {
    const order = { bucket: this.#bucket, name: this.#names.full(name), where: this.#names.where(name) };
    return this.#saying("write", name, () => upload(this.#requests, this.#patience, { ...order, payload, condition }));
  }

  async remove(name: string): Promise<void> {
    const request = { method: "DELETE", path: this.#path(name) } as const;
    await this.#saying("remove", name, () =>
      this.#requests
        .send(request, (answer) => answer.text())
        .catch((error: { readonly status?: unknown }) => {
          if (error.status !== 404 || isBucketMissing(error as never)) throw error;
        }),
    );
  }

  async *list(prefix: string, after?: string): AsyncIterable<string> {
    const path = `/storage/v1/b/${encodeURIComponent(this.#bucket)}/o`;
    const startOffset = after === undefined ? undefined : this.#names.prefix + after;
    const query = { prefix: this.#names.prefix + prefix, startOffset, fields: "items(name),nextPageToken" };
    for (let pageToken: string | undefined; ; ) {
      const page = await this.#saying("list", prefix, () =>
        this.#requests.send({ path, query: { ...query, pageToken } }, fieldsOf),
      );
      for (const { name } of (page["items"] ?? []) as ReadonlyArray<{ readonly name: string }>) {
        const short = this.#names.short(name);
        // The offset itself is in the list, where it is there.
        if (short !== after) yield short;
      }
      pageToken = page["nextPageToken"] as string | undefined;
      if (pageToken === undefined) return;
    }
  }

  /** There is nothing to end: connections are shared by the whole process, and close when they are idle. */
  async close(): Promise<void> {
    this.#client = undefined;
  }

  #path(name: string): string {
    return objectPath(this.#bucket, this.#names.full(name));
  }

  async #opened(open: () => Promise<GcsClient>): Promise<GcsClient> {
    try {
      return await open();
    } catch (error) {
      // The next request tries again.
      this.#client = undefined;
      throw error;
    }
  }

  async #saying<T>(action: string, name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw gcsFailure(action, this.#names.where(name), error);
    }
  }

  async *#sayingEach(
    action: string,
    name: string,
    chunks: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      yield* chunks;
    } catch (error) {
      throw gcsFailure(action, this.#names.where(name), error);
    }
  }
}
