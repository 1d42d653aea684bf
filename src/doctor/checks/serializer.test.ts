import { expect, it } from "vitest";
import { complaints, findingsOf } from "../../../tests/fixtures/doctor.ts";
import { registerSerializer } from "../../serializers/registry.ts";
import { serializer } from "./serializer.ts";

it.each(["json", "structured", "gzip(json)"])("%s gives back what it was given", async (format) => {
  const found = await findingsOf(serializer, { settings: { results: { defaultSerializer: format } } });
  expect(complaints(found)).toEqual([]);
  expect(found[0]!.message).toMatch(/^\d kinds of values came back the same/);
});

it("one that nobody knows is named, with the source of the setting", async () => {
  expect(complaints(await findingsOf(serializer, { settings: { results: { defaultSerializer: "pickle" } } }))).toEqual([
    'fail pickle: results.defaultSerializer in withSettings: Unknown serializer format "pickle"',
  ]);
});

it("one that loses what it is given fails, by what it loses", async () => {
  registerSerializer("careless", () => ({
    format: "careless",
    serialize: (value) => {
      if (typeof value === "bigint") throw new TypeError("Do not know how to serialize a BigInt");
      return [Buffer.from(JSON.stringify(value))];
    },
    deserialize: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as unknown,
  }));
  const found = complaints(await findingsOf(serializer, { settings: { results: { defaultSerializer: "careless" } } }));
  expect(found).toContain("fail careless: It writes a Date, and reads something else: results come back changed");
  expect(found).toContain("fail careless: TypeError: Do not know how to serialize a BigInt");
});
