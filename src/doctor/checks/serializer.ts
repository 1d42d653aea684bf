import { isDeepStrictEqual } from "node:util";
import { SerializationError } from "../../kernel/errors.ts";
import { serializerFor } from "../../serializers/registry.ts";
import type { Serializer } from "../../serializers/serializer.ts";
import type { Check } from "../check.ts";
import { fail, failure, type Found, pass } from "../finding.ts";

/** What results are made of, and what is easily lost. */
const values: Readonly<Record<string, () => unknown>> = {
  "plain data": () => ({ text: "Ünïcödé 🐂", list: [1, 2.5, -0, null], nested: { yes: true, nothing: null } }),
  "a Date": () => new Date(1_700_000_000_123),
  "NaN and infinities": () => [Number.NaN, Infinity, -Infinity],
  "a BigInt": () => 2n ** 80n,
  undefined: () => ({ a: undefined, b: [undefined] }),
  "a Map": () =>
    new Map<unknown, unknown>([
      ["a", 1],
      [2, new Date(0)],
    ]),
  "a Set": () => new Set(["a", 1n]),
  bytes: () => new Uint8Array([0, 1, 254, 255]),
};

/** The default serializer gives back what it was given, or refuses it. */
export const serializer: Check = {
  name: "serializer",
  async *run(context) {
    const format = context.settings.results.defaultSerializer;
    let made: Serializer;
    try {
      made = serializerFor(format);
    } catch (error) {
      const { message, ...rest } = failure(format, error, "register it, or set results.defaultSerializer to json");
      yield {
        ...rest,
        message: `results.defaultSerializer in ${context.sourceOf("results.defaultSerializer")}: ${message}`,
      };
      return;
    }
    yield* examineSerializer(made);
  },
};

/** @param made what is looked at */
export async function* examineSerializer(made: Serializer): AsyncGenerator<Found> {
  const refused: string[] = [];
  let kept = 0;
  for (const [what, make] of Object.entries(values)) {
    try {
      const bytes = Buffer.concat(await made.serialize(make()));
      const back = await made.deserialize(new Uint8Array(bytes));
      if (isDeepStrictEqual(back, make())) kept += 1;
      else
        yield fail(
          made.format,
          `It writes ${what}, and reads something else: results come back changed`,
          "set results.defaultSerializer to json or structured",
        );
    } catch (error) {
      if (error instanceof SerializationError && error.code === "OXBOW_RESULT_UNSERIALIZABLE") refused.push(what);
      else yield failure(made.format, error);
    }
  }
  yield pass(
    made.format,
    `${kept} kinds of values came back the same${refused.length > 0 ? `; it refuses ${refused.join(", ")}` : ""}`,
  );
}
