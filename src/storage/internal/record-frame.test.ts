import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecordError } from "../../kernel/errors.ts";
import { metadataFor } from "../../testing/storage-checks/check.ts";
import { decodeFrameHeader, encodeFrameHeader } from "./record-frame.ts";

const text = fc.string({ unit: "grapheme" });
const metadata = fc
  .record({
    key: text,
    taskName: text,
    tags: fc.array(text),
    components: fc.dictionary(text, text),
    flowRunId: fc.option(text, { nil: undefined }),
    fence: fc.option(fc.maxSafeNat(), { nil: undefined }),
    commit: fc.option(fc.string({ unit: "grapheme", minLength: 1 }), { nil: undefined }),
    signature: fc.option(text, { nil: undefined }),
  })
  .map(({ key, ...more }) => metadataFor(key, "payload", more));
const optional = { flowRunId: undefined, fence: undefined, commit: undefined, signature: undefined };

describe("decodeFrameHeader()", () => {
  it("gives back what encodeFrameHeader() was given, whatever follows", () => {
    fc.assert(
      fc.property(metadata, fc.uint8Array(), (metadata, payload) => {
        const line = encodeFrameHeader(metadata);
        const found = decodeFrameHeader(Buffer.concat([line, payload]), metadata.key, "a file");
        expect(found?.length).toBe(line.length);
        expect(JSON.stringify(found?.metadata)).toBe(line.toString().trimEnd());
        expect({ ...optional, ...found?.metadata }).toEqual({ ...optional, ...metadata });
      }),
    );
  });

  it("asks for more where the line does not end", () => {
    const line = encodeFrameHeader(metadataFor("key", "x"));
    for (let length = 0; length < line.length; length += 1)
      expect(decodeFrameHeader(line.subarray(0, length), "key", "a file")).toBeUndefined();
  });

  it.each([
    ["is no JSON", "{no\n"],
    ["is null", "null\n"],
    ["is empty", "\n"],
    ["is an array", "[]\n"],
    ["has no format version", "{}\n"],
    ["has no fields", '{"formatVersion":1}\n'],
  ])("refuses a line that %s", (_, line) => {
    expect(() => decodeFrameHeader(Buffer.from(line), "key", "a file")).toThrow(RecordError);
  });

  it.each([
    ["fence", [null, -1, 1.5, 2 ** 53, "1", {}]],
    ["commit", [null, "", 1, {}]],
    ["signature", [null, 1, {}]],
  ])("refuses an unusable %s, which most records do not have", (field, values) => {
    for (const wrong of values) {
      const line = Buffer.from(`${JSON.stringify({ ...metadataFor("key", "x"), [field]: wrong })}\n`);
      expect(() => decodeFrameHeader(line, "key", "a file"), JSON.stringify(wrong)).toThrow(`unusable "${field}"`);
    }
  });

  it.each([
    "key",
    "createdAt",
    "serializer",
    "size",
    "sha256",
    "durationMs",
    "taskName",
    "taskRunId",
    "tags",
    "components",
  ])("refuses metadata without a usable %s", (field) => {
    for (const wrong of [undefined, null, {}, [1], -1.5, "x"]) {
      const good = metadataFor("key", "x");
      if (
        typeof wrong === typeof good[field as "key"] &&
        !["size", "sha256", "components", "tags", "key"].includes(field)
      )
        continue;
      if (field === "components" && JSON.stringify(wrong) === "{}") continue;
      const line = Buffer.from(`${JSON.stringify({ ...good, [field]: wrong })}\n`);
      expect(() => decodeFrameHeader(line, "key", "a file"), `${field}: ${JSON.stringify(wrong)}`).toThrow(RecordError);
    }
  });
});
