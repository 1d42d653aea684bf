import assert from "node:assert/strict";
import { SerializationError, type ErrorCode } from "../kernel/errors.ts";
import type { Serializer } from "../serializers/serializer.ts";
import { hopelessSamples, plainSamples, richSamples, type SerializerSample } from "./serializer-checks/samples.ts";
import { sealChecks } from "./serializer-checks/seal-checks.ts";
import { streamChecks } from "./serializer-checks/stream-checks.ts";
import type { SuiteRunner } from "./suite-runner.ts";

/*
 * DESIGN: the suite that judges a serializer, Oxbow's own or that of somebody else.
 *
 * What it does: many values go through the serializer, and damaged bytes into it. Streams and signatures, where it has them.
 * What it promises: a check throws where a value comes back changed, where a refusal is no SerializationError or does
 * not name the path, and where damaged bytes lead to anything but a value or a SerializationError.
 * What the caller must do: say in `keeps` which of the rich values have to be kept. The others may be refused.
 */

/** What a serializer is judged by, beside the contract. */
export interface SerializerSuiteOptions {
  /** Names of {@link serializerSamples} that have to come back, and may not be refused. @default [] */
  readonly keeps?: readonly string[];
  /** Titles of checks that are left out, each with the reason. @default {} */
  readonly skip?: Readonly<Record<string, string>>;
}

/** One promise of the contract, and how to find out whether it is kept. */
export interface SerializerCheck {
  /** A sentence. */
  readonly title: string;
  /** Throws where the promise is not kept. */
  run(create: () => Serializer): Promise<void>;
}

/** The names of the values that a serializer may keep or refuse. */
export const serializerSamples: readonly string[] = richSamples.map(({ name }) => name);

/**
 * Every promise that can be checked, in one list, for any runner.
 *
 * @throws {RangeError} where `keeps` or `skip` names what does not exist
 */
export function serializerChecks({ keeps = [], skip = {} }: SerializerSuiteOptions = {}): readonly SerializerCheck[] {
  const checks = [
    ...plainSamples.map((sample) =>
      check(`Plain data comes back: ${sample.name}`, (create) => expectKept(create(), sample)),
    ),
    ...richSamples.map((sample) =>
      keeps.includes(sample.name)
        ? check(`What is promised comes back: ${sample.name}`, (create) => expectKept(create(), sample))
        : check(`What is not promised comes back or is refused by path: ${sample.name}`, (create) =>
            expectKeptOrRefused(create(), sample),
          ),
    ),
    ...hopelessSamples.map((sample) =>
      check(`What cannot be kept is refused by path: ${sample.name}`, (create) => expectRefused(create(), sample)),
    ),
    ...byteChecks,
    ...streamChecks,
    ...sealChecks,
  ];
  for (const name of keeps)
    if (!serializerSamples.includes(name)) throw new RangeError(`There is no sample "${name}" to keep`);
  for (const title of Object.keys(skip)) {
    if (!checks.some((each) => each.title === title)) throw new RangeError(`There is no check "${title}" to skip`);
  }
  return checks.filter(({ title }) => !Object.hasOwn(skip, title));
}

/**
 * Registers all checks with a test runner.
 *
 * @param runner the `describe` and `it` of `vitest` or `node:test`
 * @param name what is judged: the name of the group
 * @param create makes a serializer; called anew wherever one reads what another wrote
 * @throws {RangeError} as {@link serializerChecks} does
 *
 * @example
 * ```ts
 * import { describe, it } from "vitest";
 * import { serializerSuite } from "oxbow/testing";
 *
 * serializerSuite({ describe, it }, "mySerializer()", () => mySerializer(), { keeps: ["dates", "bigints"] });
 * ```
 */
export function serializerSuite(
  runner: SuiteRunner,
  name: string,
  create: () => Serializer,
  options: SerializerSuiteOptions = {},
): void {
  const checks = serializerChecks(options);
  runner.describe(name, () => {
    for (const { title, run } of checks) runner.it(title, () => run(create));
  });
}

const document = {
  title: "Zürich",
  rows: [
    { id: 1, text: "a" },
    { id: 2, text: "b" },
  ],
  none: null,
};

const byteChecks: readonly SerializerCheck[] = [
  check("The format is one word, the same for every instance", async (create) => {
    assert.match(create().format, /^[\w.-]+(?::[\w.-]+)?(?:\([^\s]+\))?$/);
    assert.equal(create().format, create().format);
  }),

  check("The value is not touched by writing it", async (create) => {
    const value = structuredClone(document);
    await create().serialize(value);
    assert.deepStrictEqual(value, document);
  }),

  check("One instance reads what another wrote", async (create) => {
    assert.deepStrictEqual(await create().deserialize(await written(create(), document)), document);
  }),

  check("Bytes are read at any offset of a larger buffer", async (create) => {
    const value = { document, bytes: plainSamples.map(({ make }) => make()) };
    const bytes = await written(create(), value);
    for (let offset = 0; offset < 9; offset++) {
      const around = new Uint8Array(bytes.length + offset + 3).fill(0x7b);
      around.set(bytes, offset);
      assert.deepStrictEqual(await create().deserialize(around.subarray(offset, offset + bytes.length)), value);
    }
  }),

  check("Two reads of the same bytes share nothing", async (create) => {
    const serializer = create();
    const bytes = await written(serializer, document);
    const first = (await serializer.deserialize(bytes.slice())) as typeof document;
    first.rows[0]!.text = "changed";
    first.rows.push({ id: 3, text: "c" });
    assert.deepStrictEqual(await serializer.deserialize(bytes.slice()), document);
  }),

  check("Truncated bytes are refused", async (create) => {
    const bytes = await written(create(), document);
    for (let length = 0; length < bytes.length; length++) {
      await assert.rejects(
        async () => create().deserialize(bytes.slice(0, length)),
        isError("OXBOW_RESULT_UNREADABLE"),
        `${length} of ${bytes.length} bytes`,
      );
    }
  }),

  check("Damaged bytes give a value or are refused, and nothing else happens", async (create) => {
    const bytes = await written(create(), { ...document, more: [new Array<number>(20).fill(7)] });
    for (let i = 0; i < bytes.length; i++) {
      for (const bit of [0, 3, 7]) {
        const damaged = bytes.slice();
        damaged[i]! ^= 1 << bit;
        await readOrRefuse(create(), damaged);
      }
    }
  }),

  check("Bytes of something else are refused", async (create) => {
    const others = ["", "\0", "\n", "not of any format", "{", "\u00ff\u00fe\u0000\u0001"].map((text) =>
      Buffer.from(text, "latin1"),
    );
    for (const bytes of others) {
      await assert.rejects(async () => create().deserialize(new Uint8Array(bytes)), isError("OXBOW_RESULT_UNREADABLE"));
    }
  }),
];

function check(title: string, run: SerializerCheck["run"]): SerializerCheck {
  return { title, run };
}

async function expectKept(serializer: Serializer, { make }: SerializerSample): Promise<void> {
  assertSame(await serializer.deserialize(await written(serializer, make())), make());
}

async function expectKeptOrRefused(serializer: Serializer, sample: SerializerSample): Promise<void> {
  let bytes: Uint8Array;
  try {
    bytes = await written(serializer, sample.make());
  } catch (error) {
    assert.ok(isError("OXBOW_RESULT_UNSERIALIZABLE")(error), error as Error);
    return;
  }
  assertSame(await serializer.deserialize(bytes), sample.make());
}

async function expectRefused(serializer: Serializer, { make }: SerializerSample): Promise<void> {
  const value = { rows: [1, { "the client": make() }] };
  await assert.rejects(
    async () => serializer.serialize(value),
    (error) => isError("OXBOW_RESULT_UNSERIALIZABLE")(error) && error.path.startsWith('result.rows[1]["the client"]'),
  );
}

async function readOrRefuse(serializer: Serializer, bytes: Uint8Array): Promise<void> {
  try {
    await serializer.deserialize(bytes);
  } catch (error) {
    assert.ok(isError("OXBOW_RESULT_UNREADABLE")(error), error as Error);
  }
}

async function written(serializer: Serializer, value: unknown): Promise<Uint8Array> {
  return new Uint8Array(Buffer.concat(await serializer.serialize(value)));
}

function isError(code: ErrorCode): (error: unknown) => error is SerializationError {
  return (error): error is SerializationError => error instanceof SerializationError && error.code === code;
}

/** Deep equality of values and types, and of the order where there is one. */
function assertSame(actual: unknown, expected: unknown): void {
  // Node 22 takes two invalid dates for different.
  if (actual instanceof Date && expected instanceof Date && Number.isNaN(expected.getTime())) {
    return assert.ok(Number.isNaN(actual.getTime()));
  }
  assert.deepStrictEqual(actual, expected);
  if (expected instanceof Map || expected instanceof Set)
    assert.deepStrictEqual([...(actual as Iterable<unknown>)], [...expected]);
  if (typeof expected === "object" && expected !== null)
    assert.deepStrictEqual(Object.keys(actual as object), Object.keys(expected));
}
