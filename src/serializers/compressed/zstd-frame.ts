/*
 * DESIGN. Where a frame of zstd ends (RFC 8878, section 3.1.1).
 *
 * What it does: follows the headers of a frame and of its blocks, and nothing of what is in them. The zstd of Node 22 takes a
 * frame that is cut off for a whole one, and gives what it has; that of Node 24 refuses it.
 * What the caller must do: hand over every piece, in order. Whether the bytes are zstd at all is for the decoder to say.
 */

/** Takes the next bytes of a frame, and says whether the frame has ended with them or before. */
export type FrameWatch = (piece: Uint8Array) => boolean;

/** Watches one frame from its first byte on. */
export function watchZstdFrame(): FrameWatch {
  const steps = partsOf();
  let part = steps.next().value!;
  let held: number[] = [];
  let isEnded = false;
  return (piece) => {
    for (let at = 0; at < piece.byteLength && !isEnded; ) {
      const taken = Math.min(part.size, piece.byteLength - at);
      if (part.isRead) held.push(...piece.subarray(at, at + taken));
      at += taken;
      part = { ...part, size: part.size - taken };
      // A part may be empty, as a block of no bytes is.
      while (part.size === 0 && !isEnded) {
        const next = steps.next(held);
        held = [];
        if (next.done) isEnded = true;
        else part = next.value;
      }
    }
    return isEnded;
  };
}

interface Part {
  readonly size: number;
  /** Its bytes are asked for; others are passed over. */
  readonly isRead: boolean;
}

const read = (size: number): Part => ({ size, isRead: true });
const pass = (size: number): Part => ({ size, isRead: false });

function* partsOf(): Generator<Part, void, readonly number[]> {
  yield pass(4); // The magic number.
  const [descriptor = 0] = yield read(1);
  const isSingle = (descriptor & 0x20) !== 0;
  const window = isSingle ? 0 : 1;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  const contentSize = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  yield pass(window + dictionary + contentSize);
  for (let isLast = false; !isLast; ) {
    const [low = 0, middle = 0, high = 0] = yield read(3);
    isLast = (low & 1) !== 0;
    const isRepeated = ((low >> 1) & 3) === 1;
    yield pass(isRepeated ? 1 : ((high << 16) | (middle << 8) | low) >> 3);
  }
  if ((descriptor & 4) !== 0) yield pass(4);
}
