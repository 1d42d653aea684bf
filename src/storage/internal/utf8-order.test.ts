import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareUtf8 } from "./utf8-order.ts";

describe("compareUtf8()", () => {
  it("agrees with the order of the bytes", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .array(fc.constantFrom("a", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"))
        .map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }),
    );
  });
});
