import { once } from "node:events";
import { createServer, type IncomingMessage, request as ask, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request, as it came. */
export interface ProxyLogged {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
}

/** An answer in place of the server's. */
export interface ProxyAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * What goes wrong with a request.
 *
 * `hang` no answer · `drop` the connection breaks before the server has heard of it · `lose` the server carries it out, and the connection
 * breaks before the answer · `half` half of the answer's body, then the connection breaks · `stall` half of the body, and no more
 */
export type ProxyFault = "hang" | "drop" | "lose" | "half" | "stall" | ProxyAnswer;

/** What stands in front of a real server, over HTTP, and fails as it is told. */
export class FaultyProxy {
  /** All requests so far. */
  readonly log: ProxyLogged[] = [];
  /** Called with each request, before the server gets it. */
  fault: (request: ProxyLogged) => ProxyFault | undefined | Promise<ProxyFault | undefined> = () => undefined;
  readonly #target: URL;
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  constructor(target: string) {
    this.#target = new URL(target);
  }

  async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  /** Its address, with the path of the server behind it. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#target.pathname.replace(/\/$/, "")}`;
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
    const logged = { method: request.method!, url: request.url! };
    this.log.push(logged);
    const fault = await this.fault(logged);
    if (fault === "drop") return void request.socket.destroy();
    if (typeof fault === "object" || fault === "hang") {
      request.resume();
      if (fault !== "hang") response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? "");
      return;
    }
    const { hostname, port } = this.#target;
    const passedOn = ask({ hostname, port, method: logged.method, path: logged.url, headers: request.headers });
    passedOn.on("error", () => request.socket.destroy());
    request.on("error", () => passedOn.destroy()).pipe(passedOn);
    response.on("close", () => passedOn.destroy());
    passedOn.on("response", (answer) => void passBack(answer, response, fault));
  }
}

async function passBack(
  answer: IncomingMessage,
  response: ServerResponse,
  fault: ProxyFault | undefined,
): Promise<void> {
  answer.on("error", () => response.destroy());
  if (fault === "lose") {
    for await (const _ of answer);
    return void response.destroy();
  }
  response.writeHead(answer.statusCode!, answer.headers);
  if (fault !== "half" && fault !== "stall") return void answer.pipe(response);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  response.write(bytes.subarray(0, Math.ceil(bytes.byteLength / 2)), () => {
    if (fault === "half") response.destroy();
  });
}

/** Starts one in front of a server. */
export function startProxy(target: string): Promise<FaultyProxy> {
  return new FaultyProxy(target).listen();
}
