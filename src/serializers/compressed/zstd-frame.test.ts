import { randomBytes } from "node:crypto";
import * as zlib from "node:zlib";
import { expect, test } from "vitest";
import { watchZstdFrame } from "./zstd-frame.ts";

const { ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag } = zlib.constants;

test.each([
  ["nothing", Buffer.alloc(0)],
  ["a few bytes", Buffer.from("abc")],
  ["one byte, repeated", Buffer.alloc(400_000, 7)],
  ["what does not compress, in many blocks", randomBytes(400_000)],
])("the end of %s is its last byte, whatever the pieces", (_name, bytes) => {
  for (const checksum of [0, 1]) {
    for (const contentSize of [0, 1]) {
      const frame = zlib.zstdCompressSync(bytes, {
        params: { [ZSTD_c_checksumFlag]: checksum, [ZSTD_c_contentSizeFlag]: contentSize },
      });
      expect(watchZstdFrame()(frame)).toBe(true);
      expect(watchZstdFrame()(frame.subarray(0, -1))).toBe(false);
      const watch = watchZstdFrame();
      const seen = [...frame].map((byte) => watch(Uint8Array.of(byte)));
      expect(seen.indexOf(true)).toBe(frame.length - 1);
    }
  }
});
