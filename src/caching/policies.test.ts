import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cacheKey,
  cacheKeyFn,
  ConfigurationError,
  DEFAULT,
  FLOW_PARAMETERS,
  INPUTS,
  memoryStorage,
  NO_CACHE,
  RUN_ID,
  task,
  TASK_NAME,
  TASK_SOURCE,
  type CachePolicy,
} from "../index.ts";
import type { KeyContext } from "./cache-policy.ts";
import { CacheKey, computeKey } from "./compute-key.ts";

const fn = (x: number): number => x;
const base: KeyContext = {
  task: { name: "t", version: undefined, fn },
  inputs: { x: 1, y: "a" },
  flowParameters: { x: 1 },
  runId: "run",
  run: undefined,
  checkKeyFunctions: false,
};

function keyOf(policy: CachePolicy, changes: Partial<KeyContext> = {}): string | undefined {
  const key = computeKey(policy, { ...base, ...changes });
  return key instanceof CacheKey ? key.value : undefined;
}

const policies = [INPUTS, TASK_SOURCE, RUN_ID, FLOW_PARAMETERS, TASK_NAME, cacheKey("a"), cacheKeyFn(() => "b")];

describe("the algebra of policies", () => {
  it("gives one key whatever the order and the grouping", () => {
    const subset = fc.shuffledSubarray(policies, { minLength: 2 });
    fc.assert(
      fc.property(subset, fc.integer({ min: 1 }), (chosen, cut) => {
        const joined = chosen.reduce((left, right) => left.and(right));
        const reversed = chosen.toReversed().reduce((left, right) => left.and(right));
        const at = 1 + (cut % (chosen.length - 1));
        const grouped = chosen
          .slice(0, at)
          .reduce((l, r) => l.and(r))
          .and(chosen.slice(at).reduce((l, r) => l.and(r)));
        expect(keyOf(reversed)).toBe(keyOf(joined));
        expect(keyOf(grouped)).toBe(keyOf(joined));
      }),
    );
  });

  it("gives different keys to different sets of ingredients", () => {
    const keys = new Map<string, string>();
    for (let mask = 1; mask < 1 << policies.length; mask++) {
      const chosen = policies.filter((_, index) => mask & (1 << index));
      const key = keyOf(chosen.reduce((left, right) => left.and(right)))!;
      expect(keys.get(key), `${mask}`).toBeUndefined();
      keys.set(key, String(mask));
    }
  });

  it("keeps the same inputs and parameters apart", () => {
    const policy = INPUTS.and(FLOW_PARAMETERS);
    expect(keyOf(policy, { inputs: { x: 1 }, flowParameters: {} })).not.toBe(
      keyOf(policy, { inputs: {}, flowParameters: { x: 1 } }),
    );
    expect(keyOf(policy, { inputs: { x: 1 }, flowParameters: undefined })).not.toBe(
      keyOf(INPUTS, { inputs: { x: 1 } }),
    );
  });

  it("marks what has nothing to contribute, and gives no key where nothing contributes", () => {
    expect(keyOf(INPUTS.and(TASK_SOURCE), { inputs: {} })).not.toBe(keyOf(TASK_SOURCE));
    expect(keyOf(INPUTS, { inputs: {} })).toBeUndefined();
    expect(keyOf(INPUTS.omit("x", "y"))).toBeUndefined();
    expect(keyOf(FLOW_PARAMETERS, { flowParameters: undefined })).toBeUndefined();
  });

  it("is not changed by NO_CACHE, and is the same twice", () => {
    expect(NO_CACHE.isNever).toBe(true);
    expect(keyOf(NO_CACHE.and(INPUTS))).toBe(keyOf(INPUTS));
    expect(keyOf(INPUTS.and(NO_CACHE))).toBe(keyOf(INPUTS));
    expect(keyOf(INPUTS.and(INPUTS))).toBe(keyOf(INPUTS));
    expect(DEFAULT.members.map((member) => member.kind).sort()).toEqual(["inputs", "run-id", "task-source"]);
  });

  it("omits and picks inputs, also in compounds, without touching the original", () => {
    const compound = INPUTS.and(TASK_SOURCE).and(RUN_ID);
    expect(keyOf(compound.omit("y"), { inputs: { x: 1, y: 2 } })).toBe(
      keyOf(compound.omit("y"), { inputs: { x: 1, y: 3 } }),
    );
    expect(keyOf(compound, { inputs: { x: 1, y: 2 } })).not.toBe(keyOf(compound, { inputs: { x: 1, y: 3 } }));
    expect(keyOf(INPUTS.pick("x"))).toBe(keyOf(INPUTS.omit("y")));
    expect(keyOf(INPUTS.omit("x").and(INPUTS.omit("y")))).toBeUndefined();
    expect(keyOf(FLOW_PARAMETERS.pick("x"), { flowParameters: { x: 1, day: 1 } })).toBe(
      keyOf(FLOW_PARAMETERS, { flowParameters: { x: 1 } }),
    );
    expect(() => TASK_SOURCE.omit("x")).toThrow(ConfigurationError);
  });

  it("keeps the configuration of both sides through every method, and refuses a contradiction", () => {
    const [one, two] = [memoryStorage(), memoryStorage()];
    const configured = INPUTS.configure({ keyStorage: one });
    expect(configured.and(TASK_SOURCE).configuration.keyStorage).toBe(one);
    expect(TASK_SOURCE.and(configured).configuration.keyStorage).toBe(one);
    expect(configured.omit("x").configuration.keyStorage).toBe(one);
    expect(configured.and(RUN_ID.configure({ keyStorage: one })).configuration.keyStorage).toBe(one);
    expect(() => configured.and(RUN_ID.configure({ keyStorage: two }))).toThrow(/different key storages/);
    expect(() => INPUTS.configure({ keyStore: one } as never)).toThrow(
      /no option "keyStore"[^]*did you mean "keyStorage"/,
    );
  });

  it("takes the string of a lone key function as the key, and a part of the key elsewhere", () => {
    expect(keyOf(cacheKey("static"))).toBe("static");
    expect(keyOf(cacheKey("static").and(NO_CACHE))).toBe("static");
    expect(keyOf(cacheKey("static").and(RUN_ID))).toMatch(/^[0-9a-f]{64}$/);
    expect(keyOf(cacheKey("a").and(cacheKey("b")))).toBe(keyOf(cacheKey("b").and(cacheKey("a"))));
  });

  it("does not let a name or a text forge another key", () => {
    const forged = { 'x\u0005"1"\u0004inputs.y': 2 };
    expect(keyOf(INPUTS, { inputs: { "a\u0001": 1 } })).not.toBe(keyOf(INPUTS, { inputs: { '"a\\u0001"': 1 } }));
    expect(keyOf(INPUTS, { inputs: forged })).not.toBe(keyOf(INPUTS, { inputs: { x: "1", y: 2 } }));
    expect(keyOf(cacheKey('a\u0002run-id\u0004run-id\u0005"run"').and(TASK_NAME))).not.toBe(
      keyOf(cacheKey("a").and(TASK_NAME).and(RUN_ID)),
    );
  });

  it("keeps a short digest per component, of long inputs too", () => {
    const key = computeKey(INPUTS.and(TASK_NAME), { ...base, inputs: { x: 1, long: "a".repeat(5000) } }) as CacheKey;
    expect(Object.keys(key.digests()).sort()).toEqual(["inputs.long", "inputs.x", "task-name"]);
    expect(Object.values(key.digests()).every((digest) => /^[0-9a-f]{16}$/.test(digest))).toBe(true);
    expect(key.text.length).toBeLessThan(400);
  });
});

describe("a policy on a task", () => {
  it("is refused where it omits or picks what is no parameter, naming those there are", () => {
    expect(() =>
      task("t", { cachePolicy: INPUTS.omit("debgu") }, (url: string, debug = false) => [url, debug]),
    ).toThrow('Task "t" has no parameter "debgu" to omit or pick\n  hint: it has "url", "debug"');
    expect(() => task("t", { cachePolicy: INPUTS.pick("x") }, () => 1)).toThrow("its function takes no parameters");
    task("t", { cachePolicy: INPUTS.omit("b") }, ({ a, b }: { a: number; b: number }) => a + b);
    task("t", { cachePolicy: INPUTS.omit("b"), params: ["a", "b"] }, (_a: number, _b: number) => 1);
  });

  it("needs a source for TASK_SOURCE: a native function has none, unless there is a version", async () => {
    const options = { cachePolicy: INPUTS.and(TASK_SOURCE), resultStorage: memoryStorage() };
    const native = task("native", options, Math.max.bind(null, 1));
    expect((await native.run(2)).decision!.toString()).toMatch(/^uncached: Cannot read the source of task "native"/);
    const versioned = native.withOptions({ version: "1" });
    await versioned(2);
    expect((await versioned.run(2)).name).toBe("Cached");
  });
});
