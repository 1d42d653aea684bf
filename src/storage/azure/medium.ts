import type { Patience } from "../internal/attempts.ts";
import type { ObjectBeginning, ObjectMedium, ObjectTag, WriteCondition } from "../internal/object-medium.ts";
import type { ObjectNames } from "../internal/object-names.ts";
import { hiding } from "../internal/service-failure.ts";
import { steadyStream } from "../internal/steady-stream.ts";
import type { Payload } from "../storage.ts";
import type { AzureContainerClient, AzurePage } from "./client.ts";
import { readBeginning, readBody } from "./download.ts";
import { azureStorageFailure, isBlobMissing } from "./failure.ts";
import { AzureRequests } from "./requests.ts";
import { upload } from "./upload.ts";

/** What an {@link AzureMedium} is made of. */
export interface AzureMediumOptions {
  readonly names: ObjectNames;
  readonly patience: Patience;
  /** Makes the client, or gives the one of the caller. */
  readonly open: () => Promise<AzureContainerClient>;
  /** Whether it is one of the caller's. */
  readonly isTheirs: boolean;
  /** What no message may hold. */
  readonly secrets?: ReadonlyArray<string | undefined>;
}

/** Objects in Azure Blob Storage, as block blobs. Their tags are ETags. */
export class AzureMedium implements ObjectMedium {
  readonly kind = "azure";
  readonly location: string;
  readonly likelyConditions = true;
  readonly #names: ObjectNames;
  readonly #patience: Patience;
  readonly #requests: AzureRequests;
  #client: Promise<AzureContainerClient> | undefined;

  constructor({ names, patience, open, isTheirs, secrets = [] }: AzureMediumOptions) {
    this.location = names.location;
    this.#names = names;
    this.#patience = patience;
    this.#requests = new AzureRequests(() => this.#opened(open), patience, hiding(secrets), isTheirs);
  }

  /** ETags are compared by the service itself, in every release of it. */
  async conditions(): Promise<boolean> {
    return true;
  }

  async begin(name: string, length: number): Promise<ObjectBeginning | undefined> {
    const full = this.#names.full(name);
    return this.#saying("read", name, () => readBeginning(this.#requests, full, length));
  }

  async rest(name: string, from: number, tag: ObjectTag): Promise<AsyncIterable<Uint8Array> | undefined> {
    const full = this.#names.full(name);
    const reopen = (at: number): ReturnType<typeof readBody> => readBody(this.#requests, full, at, tag);
    const body = await this.#saying("read", name, () => reopen(from));
    if (body === undefined) return undefined;
    const { failureOf } = this.#requests;
    return this.#sayingEach(name, steadyStream({ body, from, reopen, failureOf, patience: this.#patience }));
  }

  async write(name: string, payload: Payload, condition?: WriteCondition): Promise<boolean> {
    const place = { name: this.#names.full(name), where: this.#names.where(name), retries: this.#patience.retries };
    return this.#saying("write", name, () => upload(this.#requests, { ...place, payload, condition }));
  }

  async remove(name: string): Promise<void> {
    const full = this.#names.full(name);
    await this.#saying("remove", name, () =>
      this.#requests
        .send(full, (blob, abortSignal) => blob.delete({ abortSignal }))
        .catch((error: unknown) => {
          if (!isBlobMissing(error)) throw error;
        }),
    );
  }

  /** The service cannot begin in the middle: what comes before `after` is read, and passed over. */
  async *list(prefix: string, after?: string): AsyncIterable<string> {
    const full = this.#names.prefix + prefix;
    for (let continuationToken: string | undefined; ; ) {
      const page = await this.#saying("list", prefix, () => this.#page(full, continuationToken));
      for (const { name } of page.segment.blobItems) {
        const short = this.#names.short(name);
        if (after === undefined || short > after) yield short;
      }
      continuationToken = page.continuationToken;
      if (!continuationToken) return;
    }
  }

  /** There is nothing to end: connections are shared by the whole process, and close when they are idle. */
  async close(): Promise<void> {
    this.#client = undefined;
  }

  #page(prefix: string, continuationToken: string | undefined): Promise<AzurePage> {
    return this.#requests.toContainer(async (container, abortSignal) => {
      const pages = container.listBlobsFlat({ ...(prefix === "" ? {} : { prefix }), abortSignal });
      const page = await pages.byPage(continuationToken === undefined ? {} : { continuationToken }).next();
      return page.done === true ? { segment: { blobItems: [] } } : page.value;
    });
  }

  async #opened(open: () => Promise<AzureContainerClient>): Promise<AzureContainerClient> {
    this.#client ??= open();
    try {
      return await this.#client;
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
      throw azureStorageFailure(action, this.#names.where(name), error);
    }
  }

  async *#sayingEach(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    try {
      yield* chunks;
    } catch (error) {
      throw azureStorageFailure("read", this.#names.where(name), error);
    }
  }
}
