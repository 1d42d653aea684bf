import { randomUUID } from "node:crypto";
import { ServiceFailure } from "../internal/service-failure.ts";
import type { S3Bucket } from "./bucket.ts";
import { removeOlder } from "./leftovers.ts";
import { findTagForm, multipartKeeps, Probe, type TagForm } from "./probe.ts";

/** Whether conditions are relied on: as the caller says, or as it turns out. */
export type ConditionalWrites = boolean | "probe";

/** Where probe objects are; no record has such a name. */
const probePrefix = "oxbow-probe/";

/*
 * DESIGN: finding out whether a server keeps the conditions of writes.
 *
 * What it does: writes an object of its own, then again as if there were none, then in place of a state that is gone. Old servers and
 * emulators write it all the same, or answer 400 or 501. Some (Ceph 16) keep `If-Match` only where the tag has no quotes, and some keep
 * neither condition when a multipart upload is completed; then large objects are written by one PUT, as a stream (write.ts).
 * What it promises: asked once, before the first write with a condition, and the half about multipart before the first large one;
 * what is still there of probes of processes that died is removed by the next one. A server that cannot be asked is an
 * error, and asked again.
 */
export class Conditions {
  readonly #s3: S3Bucket;
  readonly #mode: ConditionalWrites | undefined;
  #form: Promise<TagForm | undefined> | undefined;
  #multipart: Promise<boolean> | undefined;
  /** What {@link kept} has said. */
  #known: boolean | undefined;

  /** @param mode what the caller says; by default Amazon's servers are trusted, and others are asked */
  constructor(s3: S3Bucket, mode: ConditionalWrites | undefined) {
    this.#s3 = s3;
    this.#mode = mode;
    this.#known = typeof mode === "boolean" ? mode : undefined;
  }

  /** Whether conditions are kept, as far as that is known; else what is likely. */
  get likely(): boolean {
    return this.#known ?? true;
  }

  /** Whether the server keeps conditions. */
  async kept(): Promise<boolean> {
    this.#known ??= (await this.#foundForm()) !== undefined;
    return this.#known;
  }

  /** How the server wants tags. */
  async tagForm(): Promise<TagForm> {
    return (await this.#foundForm()) ?? "quoted";
  }

  /** Whether it keeps them when a multipart upload is completed, too. */
  keptByMultipart(): Promise<boolean> {
    this.#multipart ??= this.#askMultipart().catch((error: unknown) => {
      this.#multipart = undefined;
      throw error;
    });
    return this.#multipart;
  }

  #foundForm(): Promise<TagForm | undefined> {
    this.#form ??= this.#find().catch((error: unknown) => {
      this.#form = undefined;
      throw error;
    });
    return this.#form;
  }

  async #isTrusted(): Promise<boolean> {
    return this.#mode === true || (this.#mode === undefined && (await this.#s3.isAmazon()));
  }

  async #find(): Promise<TagForm | undefined> {
    if (this.#mode === false) return undefined;
    if (await this.#isTrusted()) return "quoted";
    await removeOlder(this.#s3, probePrefix);
    for (let attempt = 1; ; attempt += 1) {
      const form = await this.#withProbe(findTagForm);
      if (form !== "unclear") return form;
      if (attempt > this.#s3.patience.retries)
        throw new ServiceFailure("answers to writes with conditions get lost again and again");
    }
  }

  async #askMultipart(): Promise<boolean> {
    if (await this.#isTrusted()) return true;
    const form = await this.tagForm();
    return this.#withProbe((probe) => multipartKeeps(probe, form));
  }

  async #withProbe<T>(ask: (probe: Probe) => Promise<T>): Promise<T> {
    const probe = new Probe(this.#s3, this.#s3.names.full(`${probePrefix}${randomUUID()}`));
    try {
      return await ask(probe);
    } finally {
      await probe.remove();
    }
  }
}
