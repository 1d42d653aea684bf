import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, bodyOf, json, media, partsOf, refused } from "./gcs-answers.ts";
import { described, type GcsAbout, GcsObjects, GcsRefusal } from "./gcs-objects.ts";
import { GcsUploads, type UploadProgress } from "./gcs-uploads.ts";

/** A request, as it came. */
export interface GcsLogged {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  /** Of its body, in bytes. */
  readonly length: number;
}

/**
 * What goes wrong with a request.
 *
 * `throttle` 429 · `unavailable` 503 · `deny` 403 · `hang` no answer · `drop` the connection breaks before anything is done · `lose`
 * it is carried out, and the connection breaks before the answer · `half` half of the answer's body, then the connection breaks · `stall` half of
 * the body, and no more · `partly` of an upload half is taken · `garbage` the page of some proxy
 */
export type GcsFault =
  | "throttle"
  | "unavailable"
  | "deny"
  | "hang"
  | "drop"
  | "lose"
  | "half"
  | "stall"
  | "partly"
  | "garbage";

/*
 * DESIGN: a Google Cloud Storage for tests: there is none to be had as a package that keeps preconditions.
 *
 * What it does: as much of the JSON API as is used, in memory: uploads in one request and in parts, downloads of ranges, lists of pages, deletion,
 * generations and checksums. Credentials are not asked for.
 * What it promises: what the documentation says of the real one, also where that is inconvenient (416 for any range of an empty object; 404 for an old
 * generation). What goes wrong is up to `fault`.
 */
export class GcsServer {
  readonly objects: GcsObjects = new GcsObjects();
  readonly uploads: GcsUploads = new GcsUploads(this.objects);
  /** All requests so far. */
  readonly log: GcsLogged[] = [];
  /** Called with each request, before it is carried out. */
  fault: (request: GcsLogged) => GcsFault | undefined = () => undefined;
  /** How many names a page of a list has at most. */
  pageSize = 1000;
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many connections are open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { bytes, isWhole } = await bodyOf(request);
    const logged = { method: request.method!, url: request.url!, headers: request.headers, length: bytes.byteLength };
    this.log.push(logged);
    const fault = this.fault(logged);
    if (fault === "hang") return;
    if (fault === "drop") return void request.socket.destroy();
    const answer = isRefusal(fault)
      ? refused(refusals[fault])
      : this.#answer(logged, fault === "partly" ? bytes.subarray(0, bytes.byteLength / 2) : bytes);
    if (fault === "lose" || !isWhole) return void request.socket.destroy();
    send(response, answer, fault);
  }

  #answer(request: GcsLogged, body: Buffer): Answer {
    const url = new URL(request.url, this.url);
    const [, upload, bucket, name] =
      /^(?:\/download)?(\/upload)?\/storage\/v1\/b(?:\/([^/]+)\/o(?:\/([^/]+))?)?$/.exec(url.pathname) ?? [];
    try {
      if (bucket === undefined) return this.#makeBucket(body);
      if (upload !== undefined) return this.#upload(request, url, decodeURIComponent(bucket), body);
      if (name === undefined) return this.#list(url, decodeURIComponent(bucket));
      return this.#object(request, url, decodeURIComponent(bucket), decodeURIComponent(name));
    } catch (error) {
      if (error instanceof GcsRefusal) return refused(error, url.searchParams.get("alt") === "media");
      return refused(new GcsRefusal(400, "badRequest", String(error)));
    }
  }

  #makeBucket(body: Buffer): Answer {
    const { name } = JSON.parse(body.toString()) as { readonly name: string };
    this.objects.makeBucket(name);
    return json(200, { kind: "storage#bucket", name });
  }

  #upload(request: GcsLogged, { searchParams }: URL, bucket: string, body: Buffer): Answer {
    const id = searchParams.get("upload_id");
    if (id !== null) return this.#session(request, id, bucket, body);
    const condition = searchParams.get("ifGenerationMatch");
    if (searchParams.get("uploadType") === "multipart") {
      const { about, bytes } = partsOf(body, request.headers["content-type"] ?? "");
      const name = about.name ?? searchParams.get("name") ?? "";
      return json(200, described(bucket, this.objects.put(bucket, name, bytes, about, condition)));
    }
    const about = JSON.parse(body.toString() || "{}") as GcsAbout;
    const session = this.uploads.begin(bucket, about.name ?? searchParams.get("name") ?? "", about, condition);
    const location = `${this.url}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${session}`;
    return { status: 200, headers: { location }, body: Buffer.alloc(0) };
  }

  #session({ method, headers }: GcsLogged, id: string, bucket: string, body: Buffer): Answer {
    if (method === "DELETE") {
      this.uploads.cancel(id);
      return { status: 499, headers: {}, body: Buffer.alloc(0) };
    }
    const hash = headers["x-goog-hash"] as string | undefined;
    const progress: UploadProgress = this.uploads.put(id, headers["content-range"] ?? "", body, hash);
    if (typeof progress !== "number") return json(200, described(bucket, progress));
    const range: Record<string, string> = progress === 0 ? {} : { range: `bytes=0-${progress - 1}` };
    return { status: 308, headers: range, body: Buffer.alloc(0) };
  }

  #list({ searchParams }: URL, bucket: string): Answer {
    const offset = searchParams.get("pageToken") ?? searchParams.get("startOffset") ?? "";
    const found = this.objects.list(bucket, searchParams.get("prefix") ?? "", offset);
    const size = Math.min(this.pageSize, Number(searchParams.get("maxResults") ?? 1000));
    const items = found.slice(0, size).map((object) => described(bucket, object));
    const more = found.length > size ? { nextPageToken: found[size]!.name } : {};
    return json(200, { kind: "storage#objects", ...(items.length > 0 ? { items } : {}), ...more });
  }

  #object({ method, headers }: GcsLogged, { searchParams }: URL, bucket: string, name: string): Answer {
    const condition = searchParams.get("ifGenerationMatch");
    if (method === "DELETE") {
      this.objects.delete(bucket, name, condition);
      return { status: 204, headers: {}, body: Buffer.alloc(0) };
    }
    const object = this.objects.get(bucket, name, searchParams.get("generation"));
    this.objects.check(bucket, name, condition);
    if (searchParams.get("alt") !== "media") return json(200, described(bucket, object));
    return media(object, headers.range);
  }
}

const refusals = {
  throttle: new GcsRefusal(429, "rateLimitExceeded", "The object exceeded the rate limit for object mutations."),
  unavailable: new GcsRefusal(503, "backendError", "We encountered an internal error. Please try again."),
  deny: new GcsRefusal(403, "forbidden", "The account does not have storage.objects.get access to the object."),
};

function isRefusal(fault: GcsFault | undefined): fault is keyof typeof refusals {
  return fault !== undefined && fault in refusals;
}

function send(response: ServerResponse, { status, headers, body }: Answer, fault: GcsFault | undefined): void {
  if (fault === "garbage") return void response.writeHead(200, { "content-type": "text/html" }).end("<h1>Sign in</h1>");
  response.writeHead(status, { ...headers, "content-length": `${body.byteLength}` });
  if (fault !== "half" && fault !== "stall") return void response.end(body);
  response.write(body.subarray(0, Math.ceil(body.byteLength / 2)), () => {
    if (fault === "half") response.socket?.destroy();
  });
}

/** Starts a Google Cloud Storage of one's own, in this process, with an empty bucket called `results`. */
export async function startGcs(): Promise<GcsServer> {
  const server = await new GcsServer().listen();
  server.objects.makeBucket("results");
  return server;
}

/** One for all test files of a run. */
export async function startGcsService(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = await startGcs();
  return { url: server.url, stop: () => server.stop() };
}
