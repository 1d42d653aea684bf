import { sleep } from "../../kernel/clock.ts";
import { type Patience, pauseAfter } from "./attempts.ts";
import { Overdue, ServiceFailure } from "./service-failure.ts";

/** The body of an answer, as it comes. */
export interface OpenBody {
  /** Its bytes; what it throws is that the connection broke. */
  readonly chunks: AsyncIterator<Uint8Array>;
  /** Where the bytes end that it has, from the beginning of the object: its size. */
  readonly end: number;
  /** Releases the connection, however far it was read. */
  stop(): void;
}

/** What {@link steadyStream} reads. */
export interface SteadySource {
  readonly body: OpenBody;
  /** Where the body begins, from the beginning of the object. */
  readonly from: number;
  /** The body from somewhere further on; `undefined` where the object has gone since. */
  reopen(from: number): Promise<OpenBody | undefined>;
  /** Turns what a body throws into a failure. */
  failureOf(error: unknown): ServiceFailure;
  readonly patience: Patience;
}

/** So much has to have come for the failures before to be forgotten, in bytes. */
const progress = 1024 * 1024;

/*
 * DESIGN: a download that goes on where its connection broke.
 *
 * What it does: gives the bytes as they come. Where they break off, it asks for the rest, as often as a request is tried again without getting
 * further.
 * What it promises: all bytes up to the end, or an error; no wait for a single piece that is longer than the time limit. How long the
 * reader takes is the reader's business. Whoever stops early releases the connection, and so does whoever never begins, after
 * the time limit; who begins later gets the bytes all the same.
 */

/** @throws {ServiceFailure} in place of the next bytes, where there are none to be had */
export function steadyStream(source: SteadySource): AsyncIterable<Uint8Array> {
  const { clock, timeoutMs } = source.patience;
  const begun = clock.schedule(timeoutMs, () => source.body.stop(), true);
  return read(source, begun);
}

async function* read(source: SteadySource, begun: () => void): AsyncGenerator<Uint8Array, void> {
  begun();
  const { patience } = source;
  let { body, from: at } = source;
  for (let failures = 0, safe = at; ; ) {
    let failure: ServiceFailure;
    try {
      for (let chunk; (chunk = await nextOf(body, source)); ) {
        at += chunk.byteLength;
        if (at > body.end) throw new ServiceFailure(`it has more bytes than the ${body.end} that it should have`);
        yield chunk;
      }
      if (at === body.end) return;
      failure = new ServiceFailure(`it broke off after ${at} of ${body.end} bytes`, { mayRepeat: true });
    } catch (error) {
      failure = error as ServiceFailure;
    } finally {
      body.stop();
    }
    if (at - safe >= progress) failures = 0;
    safe = at;
    if (!failure.mayRepeat || (failures += 1) > patience.retries) throw failure;
    await sleep(patience.clock, pauseAfter(failures, failure));
    const next = await source.reopen(at);
    if (next === undefined) throw new ServiceFailure("it was replaced or removed while it was read");
    body = next;
  }
}

/** The next bytes; `undefined` at the end. */
async function nextOf(body: OpenBody, { patience, failureOf }: SteadySource): Promise<Uint8Array | undefined> {
  const { clock, timeoutMs } = patience;
  let cancel: () => void;
  const overdue = new Promise<never>((_, reject) => {
    cancel = clock.schedule(timeoutMs, () => reject(new Overdue(timeoutMs)));
  });
  try {
    const next = await Promise.race([body.chunks.next(), overdue]);
    return next.done === true ? undefined : next.value;
  } catch (error) {
    throw failureOf(error);
  } finally {
    cancel!();
  }
}
