import type { Engine } from "./codecs.ts";
import type { FrameWatch } from "./zstd-frame.ts";

/*
 * DESIGN. A transform of zlib, pulled.
 *
 * What it does: hands it one piece, gives out all that comes of it, and only then takes the next. So nothing is read ahead, an
 * error of the source is never mixed up with one of zlib's, and a reader who stops finds nothing under way.
 * What the caller must do: hand over pieces that are worth a turn on a thread; see `gathered`.
 */

/**
 * What a transform makes of these pieces.
 *
 * @param make makes the transform; it is destroyed in any case
 * @param fault the error that is thrown for one of the transform's, and for bytes that it does not use
 * @param isWhole told every piece; says whether the end has been seen, where the transform does not notice that it is missing
 */
export async function* through(
  make: () => Engine,
  chunks: AsyncIterable<Uint8Array>,
  fault: (reason: unknown) => Error,
  isWhole?: FrameWatch,
): AsyncGenerator<Uint8Array, void> {
  const engine = make();
  const turns = new Turns(engine, fault);
  let size = 0;
  let isEnded = false;
  try {
    for await (const chunk of chunks) {
      if (chunk.byteLength === 0) continue;
      size += chunk.byteLength;
      isEnded = isWhole?.(chunk) ?? false;
      yield* turns.outputOf((done) => engine.write(chunk, done));
      if (engine.bytesWritten < size) throw fault("there are bytes behind its end");
    }
    if (isWhole && !isEnded) throw fault("it is cut off");
    // Not the callback of end(): zlib calls it before the last bytes are there.
    yield* turns.outputOf((done) => engine.once("end", done).end());
  } finally {
    engine.destroy();
  }
}

class Turns {
  readonly #engine: Engine;
  readonly #fault: (reason: unknown) => Error;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(engine: Engine, fault: (reason: unknown) => Error) {
    this.#engine = engine;
    this.#fault = fault;
    engine.on("readable", () => this.#wake());
    engine.on("error", (error) => this.#fail(error));
  }

  async *outputOf(work: (done: (error?: Error | null) => void) => void): AsyncGenerator<Uint8Array, void> {
    let isDone = false;
    work((error) => {
      isDone = true;
      if (error) this.#fail(error);
      this.#wake();
    });
    for (;;) {
      if (this.#failure) throw this.#fault(this.#failure.error);
      const piece = this.#engine.read() as Buffer | null;
      if (piece) yield piece;
      else if (isDone) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }
}
