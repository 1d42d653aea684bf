import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { OxbowError } from "../../kernel/errors.ts";
import { insist, type Patience } from "../internal/attempts.ts";
import { ObjectNames } from "../internal/object-names.ts";
import { hiding, type ServiceFailure, storageFailure } from "../internal/service-failure.ts";
import { s3Advice, s3Failure } from "./failure.ts";
import { checkS3Sdk, loadS3Sdk, type S3Sdk } from "./module.ts";
import { checkServer, endpointOf, isAmazon, placeOf, type S3Server } from "./server.ts";

/** What a request is handed, to be passed on to the client. */
export interface RequestLimits {
  readonly abortSignal: AbortSignal;
}

/** What {@link S3Bucket.send} has to know of a request. */
export interface RequestTraits {
  /** How many bytes it carries: a large one may take longer. @default 0 */
  readonly bytes?: number;
  /** Ends it early. @default none */
  readonly signal?: AbortSignal;
}

/**
 * Makes a request.
 *
 * @param isAgain whether it may have been made before: then nobody knows what came of that
 */
type Request<T> = (client: S3Client, sdk: S3Sdk, limits: RequestLimits, isAgain: boolean) => Promise<T>;

type Endpoint = () => Promise<{ readonly hostname: string }>;

/** A client, and what it is busy with. */
interface Session {
  readonly sdk: S3Sdk;
  readonly client: S3Client;
  readonly pending: Set<Promise<unknown>>;
}

/** A request may take a second longer for each of these, in bytes. */
const bytesPerSecond = 64 * 1024;

/*
 * DESIGN: a bucket, as all that reads and writes it sees it.
 *
 * What it does: makes a client of the package `@aws-sdk/client-s3` when it is first needed, or uses the one that it was given. What may be
 * tried again is tried again here (internal/attempts.ts), and not by the SDK as well; a client of the caller's does so by itself, in its
 * own way.
 * What it promises: an end of every request within the time limit, to which the time is added that its bytes take at 64 KB a second. Idle
 * connections do not keep the process from ending.
 * What the caller must do: put what `send` throws through `failure()`; read the bodies of answers, or discard them.
 */
export class S3Bucket {
  readonly name: string;
  readonly names: ObjectNames;
  readonly patience: Patience;
  /** Turns anything that was thrown into plain words. */
  readonly failureOf: (error: unknown) => ServiceFailure;
  readonly #server: S3Server;
  #session: Promise<Session> | undefined;
  #hasSent = false;

  /**
   * @param who whose bucket it is, for errors: `s3Storage()`
   * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where the server cannot be meant so
   * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package is not installed
   */
  constructor(server: S3Server, patience: Patience, who: string) {
    checkServer(server, who);
    checkS3Sdk(who);
    this.name = server.bucket;
    this.names = new ObjectNames(`s3://${server.bucket}`, server.prefix, placeOf(server), who);
    this.patience = patience;
    this.#server = server;
    const { accessKeyId, secretAccessKey, sessionToken } = server.credentials ?? {};
    const hide = hiding([secretAccessKey, sessionToken, accessKeyId]);
    this.failureOf = (error) => s3Failure(error, hide);
  }

  /** @throws {ServiceFailure} where no repetition helps */
  async send<T>(request: Request<T>, { bytes = 0, signal }: RequestTraits = {}): Promise<T> {
    const { client, sdk, pending } = await this.#opened();
    const isOurs = this.#server.client === undefined;
    const { timeoutMs, retries, clock } = this.patience;
    const patience = {
      timeoutMs: timeoutMs + Math.floor(bytes / bytesPerSecond) * 1000,
      retries: isOurs ? retries : 0,
      clock,
    };
    const answer = insist(patience, async (limit, isAgain) => {
      const abortSignal = signal === undefined ? limit : AbortSignal.any([limit, signal]);
      try {
        return await request(client, sdk, { abortSignal }, isAgain || !isOurs);
      } catch (error) {
        throw this.failureOf(error);
      }
    });
    pending.add(answer);
    try {
      return await answer;
    } finally {
      this.#hasSent = true;
      pending.delete(answer);
    }
  }

  /** What a caller gets to see of a failure. */
  failure(action: string, where: string, error: unknown): OxbowError {
    return storageFailure(action, where, error, s3Advice);
  }

  /** Whether it is one of Amazon's servers. */
  async isAmazon(): Promise<boolean> {
    const { client } = await this.#opened();
    const endpointOfClient = (): Endpoint | undefined => (client.config as { readonly endpoint?: Endpoint }).endpoint;
    // A profile may name another server; the SDK knows that from the first request on.
    if (endpointOfClient() === undefined && !this.#hasSent) {
      const Bucket = this.name;
      await this.send((one, sdk, limits) => one.send(new sdk.HeadBucketCommand({ Bucket }), limits)).catch(ignore);
    }
    const endpoint = endpointOfClient();
    return endpoint === undefined || isAmazon((await endpoint()).hostname);
  }

  /** Waits for requests that are on their way, and ends the client, unless it is the caller's. Used again, it makes a new one. */
  async close(): Promise<void> {
    const opening = this.#session;
    this.#session = undefined;
    const session = await opening?.catch(() => undefined);
    if (session === undefined || this.#server.client !== undefined) return;
    while (session.pending.size > 0) await Promise.allSettled(session.pending);
    session.client.destroy();
  }

  #opened(): Promise<Session> {
    this.#session ??= this.#open().catch((error: unknown) => {
      this.#session = undefined;
      throw error;
    });
    return this.#session;
  }

  async #open(): Promise<Session> {
    const sdk = await loadS3Sdk();
    const client = (this.#server.client as S3Client | undefined) ?? new sdk.S3Client(configOf(this.#server));
    return { sdk, client, pending: new Set() };
  }
}

/** How a client of ours is made. */
function configOf(server: S3Server): S3ClientConfig {
  const { credentials, forcePathStyle } = server;
  const endpoint = endpointOf(server);
  const isOther = endpoint !== undefined && !isAmazon(new URL(endpoint).hostname);
  const checksums = server.checksums ?? (isOther ? "when-required" : "when-supported");
  const region = server.region ?? (isOther ? process.env["AWS_REGION"] || "us-east-1" : undefined);
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials: credentials as NonNullable<S3ClientConfig["credentials"]> }),
    forcePathStyle: forcePathStyle ?? endpoint !== undefined,
    requestChecksumCalculation: checksums === "when-required" ? "WHEN_REQUIRED" : "WHEN_SUPPORTED",
    // What is read is held against the checksums of the records.
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 1,
    // How long anything may take is measured here; a reader that takes its time is no reason to end a connection.
    requestHandler: { connectionTimeout: 0, requestTimeout: 0, socketTimeout: 0 },
    // Each such request would have a connection of its own, and wait in vain where the server does not know of it.
    expectContinueHeader: false,
    // The SDK talks on the console where nobody else listens.
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore, trace: ignore },
  };
}

function ignore(): void {}
