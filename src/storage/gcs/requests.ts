import { insist, type Patience } from "../internal/attempts.ts";
import { brokenConnection, isPassing, retryAfterMs, ServiceFailure } from "../internal/service-failure.ts";
import type { GcsClient } from "./client.ts";

/** A request of the JSON API. */
export interface GcsRequest {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Behind the address of the service, or a whole URL that the service has given. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses that are answers, beside those from 200 to 299. @default [] */
  readonly accepts?: readonly number[];
}

/** Reads an answer, to its end or so that somebody else does. */
export type Take<T> = (answer: Response, isAgain: boolean) => Promise<T>;

/*
 * DESIGN: requests to Google Cloud Storage.
 *
 * What it does: the package `@google-cloud/storage` gives credentials and address; the requests are made here, over `fetch`. The package's own
 * downloads do not tell generation and size in the request that gives the bytes, and its time limits do not hold for all that it does.
 * What it promises: what `insist()` does. What is thrown is a ServiceFailure, without anything of the request.
 * What the caller must do: read the answer, or cancel its body: it holds a connection.
 */
export class GcsRequests {
  readonly #open: () => Promise<GcsClient>;
  readonly #patience: Patience;
  readonly #hide: (text: string) => string;

  constructor(open: () => Promise<GcsClient>, patience: Patience, hide: (text: string) => string) {
    this.#open = open;
    this.#patience = patience;
    this.#hide = hide;
  }

  /** Makes a request, again where that may help; `take` is part of it. */
  send<T>(request: GcsRequest, take: Take<T>): Promise<T> {
    return insist(this.#patience, (signal, isAgain) => this.once(request, signal, (answer) => take(answer, isAgain)));
  }

  /** Makes a request one time. */
  async once<T>(request: GcsRequest, signal: AbortSignal, take: (answer: Response) => Promise<T>): Promise<T> {
    const client = await this.#open();
    const url = urlOf(client.apiEndpoint, request);
    const headers = url.origin === new URL(client.apiEndpoint).origin ? await this.#authorized(client, url) : {};
    try {
      const answer = await fetch(url, {
        method: request.method ?? "GET",
        headers: { ...headers, ...request.headers },
        body: (request.body ?? null) as Uint8Array<ArrayBuffer> | null,
        redirect: "manual",
        signal,
      });
      if (!answer.ok && !request.accepts?.includes(answer.status)) throw await this.#refusal(answer);
      return await take(answer);
    } catch (error) {
      throw brokenConnection(error, this.#hide);
    }
  }

  /** What a broken body throws, as a failure. */
  readonly failureOf = (error: unknown): ServiceFailure => brokenConnection(error, this.#hide);

  #authorized(client: GcsClient, url: URL): Promise<Record<string, string>> {
    return new Promise((resolve, reject) => {
      const onAuthenticated = (error: Error | null, request?: { headers?: unknown }): void => {
        if (error) return reject(this.#unauthenticated(error));
        resolve(Object.fromEntries(new Headers((request?.headers ?? {}) as Record<string, string>)));
      };
      client.makeAuthenticatedRequest({ uri: url.href, headers: {} }, { onAuthenticated });
    });
  }

  /** The credentials could not be turned into a token; the error knows them, so it goes no further. */
  #unauthenticated(error: Error): ServiceFailure {
    const { mayRepeat, code, message } = brokenConnection(error, this.#hide);
    const { status = (error as { readonly response?: { readonly status?: unknown } }).response?.status } = error as {
      readonly status?: unknown;
    };
    const isNetwork = mayRepeat && code !== undefined && /^(E[A-Z]+|UND_ERR_\w+)$/.test(code);
    return new ServiceFailure(`the credentials cannot be used: ${message}`, {
      code: isNetwork ? code : "credentials",
      mayRepeat: isNetwork || (typeof status === "number" && isPassing(status)),
    });
  }

  async #refusal(answer: Response): Promise<ServiceFailure> {
    const { message, reason } = explained(await answer.text());
    const isLimit = /rateLimitExceeded/i.test(reason ?? "");
    return new ServiceFailure(this.#hide(message ?? (answer.statusText || "the service refuses")), {
      status: answer.status,
      code: reason,
      mayRepeat: isPassing(answer.status) || isLimit,
      afterMs: retryAfterMs(answer.headers.get("retry-after")),
    });
  }
}

function urlOf(endpoint: string, { path, query = {} }: GcsRequest): URL {
  const url = new URL(/^https?:/.test(path) ? path : endpoint.replace(/\/+$/, "") + path);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

/** What the service says: as JSON, or in plain words where bytes were asked for. */
function explained(text: string): { readonly message?: string; readonly reason?: string } {
  try {
    const { error } = JSON.parse(text) as {
      readonly error?: { readonly message?: unknown; readonly errors?: ReadonlyArray<{ readonly reason?: unknown }> };
    };
    const message = error?.message;
    const reason = error?.errors?.[0]?.reason;
    return {
      ...(typeof message === "string" ? { message } : {}),
      ...(typeof reason === "string" ? { reason } : {}),
    };
  } catch {
    const isPlain = text !== "" && text.length < 300 && !text.includes("<");
    return isPlain ? { message: text } : {};
  }
}

/** The fields of an answer in JSON. */
export async function fieldsOf(answer: Response): Promise<Readonly<Record<string, unknown>>> {
  const text = await answer.text();
  try {
    const fields: unknown = JSON.parse(text);
    if (typeof fields === "object" && fields !== null) return fields as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw notGcs(answer.status);
}

/** For an answer that the service would not give. */
export function notGcs(status: number): ServiceFailure {
  return new ServiceFailure("the answer is not one of Google Cloud Storage", { status, code: "not-gcs" });
}

/** The service has made an object with another checksum than that of the bytes it was sent. */
export class BadSum extends ServiceFailure {
  readonly generation: string;

  constructor(generation: string) {
    super("what was written has another checksum than what was sent", { code: "crc32c" });
    this.generation = generation;
  }
}

/** Compares the checksum of an object that was just made. @throws {BadSum} */
export function checkSum(fields: Readonly<Record<string, unknown>>, sum: string): void {
  if (fields["crc32c"] !== sum) throw new BadSum(String(fields["generation"]));
}

/** Where an object is, behind the address of the service. */
export function objectPath(bucket: string, name: string): string {
  return `/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}`;
}
