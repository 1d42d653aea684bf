import { bytesOf, refused, type StreamKind } from "./stream-kind.ts";

/** Whether a value is a `ReadableStream` of the web. */
export function isWebStream(value: object): value is ReadableStream {
  return "getReader" in value && value instanceof ReadableStream;
}

/** A `ReadableStream` of bytes: the body of a response, for example. What comes back can be read "byob" too. */
export const webStreamKind: StreamKind = {
  name: "web-stream",

  chunks(value) {
    if (typeof value !== "object" || value === null || !isWebStream(value))
      throw refused("it is no ReadableStream", "return a stream of the web");
    if (value.locked || process.getBuiltinModule("node:stream").Readable.isDisturbed(value as never)) {
      throw refused("the ReadableStream is being read already", "return a stream that nobody else reads");
    }
    return read(value);
  },

  open(chunks) {
    const iterator = chunks[Symbol.asyncIterator]();
    return new ReadableStream({
      type: "bytes",
      async pull(controller) {
        const next = await nextPiece(iterator);
        // A copy: the stream takes the memory of its pieces away from who made them.
        if (next) return controller.enqueue(new Uint8Array(next));
        controller.close();
        controller.byobRequest?.respond(0);
      },
      async cancel() {
        await iterator.return?.();
      },
    });
  },
};

async function* read(source: ReadableStream): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of source) yield bytesOf(chunk, "the ReadableStream");
}

/** A stream of bytes knows no piece without bytes. */
async function nextPiece(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  let next = await iterator.next();
  while (!next.done && next.value.byteLength === 0) next = await iterator.next();
  return next.done ? undefined : next.value;
}
