/*
 * A small S3 for tests, in the process of the test: no emulator that npm has keeps the conditions of writes, and none breaks off in
 * the middle of an answer when it is told to.
 *
 * What it does: checks signatures and checksums; objects with ranges and conditions, uploads in parts, lists. Everything is in memory.
 * What it promises: a condition is checked and kept in one step. What it does not know it answers with 501.
 * It is kept honest by the same suite on other servers: moto, and a real Ceph (scripts/ceph-rgw.sh).
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import {
  type Answer,
  completeAnswer,
  listAnswer,
  metadataOf,
  objectAnswer,
  type Order,
  orderOf,
  uploadsAnswer,
  xml,
} from "./s3/answers.ts";
import { Bucket, type WriteConditions } from "./s3/buckets.ts";
import { type Faults, noFaults } from "./s3/faults.ts";
import { Refusal } from "./s3/refusal.ts";
import { type Account, verified } from "./s3/signature.ts";
import { xmlOf } from "./s3/xml.ts";

/** A server with one user and the bucket `test`. */
export class S3TestServer {
  readonly account: Account = {
    accessKeyId: "AKIAOXBOWTEST",
    secretAccessKey: "oxbow/test+secret",
    region: "us-east-1",
  };
  readonly buckets: Map<string, Bucket> = new Map([["test", new Bucket()]]);
  readonly faults: Faults = { ...noFaults };
  /** What was asked, in this order: `GetObject`, `PutObject`, … */
  readonly requests: string[] = [];
  /** Called with what a request wants, before anything is done: to change something between two requests. */
  before: ((order: Order) => void) | undefined;
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<S3TestServer> {
    const server = new S3TestServer();
    server.#server.on("connection", (socket) => {
      server.#sockets.add(socket);
      socket.once("close", () => server.#sockets.delete(socket));
    });
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The bucket that is there from the beginning. */
  get test(): Bucket {
    return this.buckets.get("test")!;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** What `work` asks, sorted; and nothing of what was asked before. */
  async during(work: () => unknown): Promise<string[]> {
    const from = this.requests.length;
    await work();
    return this.requests.slice(from);
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let sent: Buffer;
    try {
      sent = await buffer(request);
    } catch {
      return;
    }
    const [order, answer] = this.#answer(request, sent);
    if (this.faults.hang) return;
    if (answer.body !== undefined && order?.operation === "GetObject" && this.#next("cut")) {
      response.writeHead(answer.status ?? 200, answer.headers);
      response.write(answer.body.slice(0, answer.body.length / 2), () => setImmediate(() => request.socket.destroy()));
      return;
    }
    if (order !== undefined && this.#next("loseAnswer")) return void request.socket.destroy();
    response.writeHead(answer.status ?? 200, { date: new Date(this.#now()).toUTCString(), ...answer.headers });
    response.end(request.method === "HEAD" ? undefined : answer.body);
  }

  #answer(request: IncomingMessage, sent: Buffer): [Order | undefined, Answer] {
    let order: Order | undefined;
    try {
      const body = verified(request, sent, this.account, this.#now());
      order = orderOf(request, body);
      this.requests.push(order.operation);
      this.before?.(order);
      this.#refuse(order);
      return [order, this.#carryOut(order)];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, code, message } = error;
      const content = { Code: code, Message: message, AWSAccessKeyId: this.account.accessKeyId };
      return [order, { status, body: xmlOf("Error", content) }];
    }
  }

  #refuse({ operation, headers }: Order): void {
    const isWrite = /^(Put|UploadPart|Complete)/.test(operation);
    const isConditional = isWrite && (headers["if-match"] ?? headers["if-none-match"]) !== undefined;
    if (this.#next("throttle")) throw new Refusal(503, "SlowDown", "Reduce your request rate");
    if (this.faults.deny) throw new Refusal(403, "AccessDenied", "Access denied");
    if (this.faults.skewed) throw new Refusal(403, "RequestTimeTooSkewed", "The clocks differ too much");
    if (this.faults.full && isWrite) throw new Refusal(507, "InsufficientStorage", "The disks are full");
    if (isConditional && this.faults.conditions === "unknown")
      throw new Refusal(501, "NotImplemented", "A header that you sent is not known here");
    if (isConditional && this.#next("conflict"))
      throw new Refusal(409, "ConditionalRequestConflict", "Others write the same object");
  }

  #carryOut(order: Order): Answer {
    const { operation, key, query, body, headers } = order;
    if (operation === "CreateBucket") return (this.buckets.set(order.bucket, new Bucket()), {});
    const bucket = this.buckets.get(order.bucket);
    if (bucket === undefined) throw new Refusal(404, "NoSuchBucket", "There is no such bucket");
    if (Buffer.byteLength(key) > 1024) throw new Refusal(400, "KeyTooLongError", "The key is too long");
    const id = query.get("uploadId") ?? "";
    switch (operation) {
      case "HeadBucket":
        return {};
      case "GetObject":
      case "HeadObject":
        return objectAnswer(bucket.get(key), headers);
      case "PutObject":
        return { headers: { etag: bucket.put(key, body, metadataOf(headers), this.#conditions(order)).etag } };
      case "DeleteObject":
        return (bucket.objects.delete(key), { status: 204 });
      case "CreateMultipartUpload":
        return xml("InitiateMultipartUploadResult", { UploadId: bucket.begin(key, metadataOf(headers)) });
      case "UploadPart":
        return { headers: { etag: bucket.part(id, Number(query.get("partNumber")), body) } };
      case "CompleteMultipartUpload":
        return completeAnswer(bucket, id, body.toString(), this.#conditions(order));
      case "AbortMultipartUpload":
        return (bucket.abort(id), { status: 204 });
      case "ListObjectsV2":
        return listAnswer(bucket, query);
      case "ListMultipartUploads":
        return uploadsAnswer(bucket, query.get("prefix") ?? "");
      default:
        throw new Refusal(501, "NotImplemented", `${operation} is not known here`);
    }
  }

  #conditions({ operation, headers }: Order): WriteConditions {
    const { conditions } = this.faults;
    const isPut = operation === "PutObject";
    if (conditions === "ignored" || (!isPut && conditions !== "kept"))
      return { ifNoneMatch: undefined, ifMatch: undefined };
    const ifMatch = headers["if-match"];
    const seen = conditions === "as-ceph" && ifMatch !== undefined ? `"${ifMatch}"` : ifMatch;
    return { ifNoneMatch: headers["if-none-match"], ifMatch: seen };
  }

  #next(fault: "throttle" | "cut" | "loseAnswer" | "conflict"): boolean {
    if (this.faults[fault] <= 0) return false;
    this.faults[fault] -= 1;
    return true;
  }

  #now(): number {
    return Date.now() + this.faults.skewMs;
  }
}
