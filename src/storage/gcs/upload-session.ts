import { insist, type Patience } from "../internal/attempts.ts";
import { ServiceFailure } from "../internal/service-failure.ts";
import { checkSum, fieldsOf, type GcsRequests, notGcs } from "./requests.ts";

/** What goes up in parts. */
export interface SessionOrder {
  /** The path that sessions are opened at, and what goes into its query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The metadata of the object, as JSON. */
  readonly about: Uint8Array;
  /** Of all parts together, in bytes. */
  readonly total: number;
}

/** The service has forgotten the session: what was sent is lost. */
export class SessionGone extends ServiceFailure {}

/** How far an upload has got: the number of bytes that the service has, or whether there is an object now. */
type Progress = number | boolean;

/** An upload in parts (a "resumable upload"), from its beginning to its end. */
export class UploadSession {
  readonly #requests: GcsRequests;
  readonly #patience: Patience;
  /** Whoever knows it may write to it: it is in no message. */
  readonly #url: string;
  readonly #total: number;
  /** How much has been sent by the parts before, in bytes. */
  #sent = 0;

  private constructor(requests: GcsRequests, patience: Patience, url: string, total: number) {
    this.#requests = requests;
    this.#patience = patience;
    this.#url = url;
    this.#total = total;
  }

  /** @returns `undefined` where the condition in the query does not hold */
  static open(requests: GcsRequests, patience: Patience, order: SessionOrder): Promise<UploadSession | undefined> {
    const { path, query, about, total } = order;
    const headers = { "content-type": "application/json; charset=utf-8", "x-upload-content-length": `${total}` };
    return requests.send({ method: "POST", path, query, headers, body: about, accepts: [412] }, async (answer) => {
      await answer.text();
      if (answer.status === 412) return undefined;
      const url = answer.headers.get("location");
      if (url === null || !URL.canParse(url)) throw notGcs(answer.status);
      return new UploadSession(requests, patience, url, total);
    });
  }

  /**
   * Sends the next part.
   *
   * @param sum the checksum of all bytes up to its end
   * @returns after the last one, whether there is an object now: `false` only where the condition does not hold; `undefined` before
   */
  async send(part: Uint8Array, sum: string): Promise<boolean | undefined> {
    const begin = this.#sent;
    const end = begin + part.byteLength;
    let next = begin;
    this.#sent = end;
    return insist(this.#patience, async (signal, isAgain) => {
      // After a failure the service alone knows how far it has got.
      let progress: Progress = isAgain ? await this.#ask(signal, sum) : next;
      while (typeof progress === "number" && progress < end) {
        if (progress < begin) throw new ServiceFailure("the service has lost a part of what it was sent");
        next = progress;
        progress = await this.#put(part.subarray(next - begin), next, end, sum, signal);
        if (progress === next) throw new ServiceFailure("the service takes no more of it", { mayRepeat: true });
      }
      if (typeof progress === "boolean") return progress;
      if (end < this.#total && progress === end) return undefined;
      throw new ServiceFailure("the service has lost count of what it was sent");
    });
  }

  /** So that nothing waits for its end. What cannot be cancelled is dropped by the service after a week. */
  async cancel(): Promise<void> {
    const brief = { ...this.#patience, retries: 0, timeoutMs: Math.min(this.#patience.timeoutMs, 5000) };
    const request = { method: "DELETE", path: this.#url, accepts: [499] } as const;
    await insist(brief, (signal) => this.#requests.once(request, signal, (answer) => answer.text())).catch(
      () => undefined,
    );
  }

  #ask(signal: AbortSignal, sum: string): Promise<Progress> {
    return this.#say({ "content-range": `bytes */${this.#total}` }, new Uint8Array(), sum, signal);
  }

  #put(bytes: Uint8Array, from: number, end: number, sum: string, signal: AbortSignal): Promise<Progress> {
    const checksum: Record<string, string> = end === this.#total ? { "x-goog-hash": `crc32c=${sum}` } : {};
    const range = `bytes ${from}-${end - 1}/${this.#total}`;
    return this.#say({ "content-range": range, ...checksum }, bytes, sum, signal);
  }

  #say(headers: Record<string, string>, body: Uint8Array, sum: string, signal: AbortSignal): Promise<Progress> {
    const request = { method: "PUT", path: this.#url, headers, body, accepts: [308, 404, 410, 412] } as const;
    return this.#requests.once(request, signal, async (answer) => {
      const { status } = answer;
      if (status === 200 || status === 201) {
        checkSum(await fieldsOf(answer), sum);
        return true;
      }
      await answer.text();
      if (status === 412) return false;
      if (status !== 308) throw new SessionGone("the service has forgotten the upload", { status });
      return Number(/^bytes=0-(\d+)$/.exec(answer.headers.get("range") ?? "")?.[1] ?? -1) + 1;
    });
  }
}
