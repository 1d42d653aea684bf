import { describe, expect, it } from "vitest";
import { describeDifference } from "./difference.ts";

const hour = 3_600_000;
const now = 100 * hour;
const call = { "inputs.url": "a", "inputs.depth": "b", "inputs.debug": "c", "task-source": "s" };

describe("the difference to the nearest record", () => {
  it("names the input that changed, and says that the source did not", () => {
    const record = { createdAt: now - 3 * hour, components: { ...call, "inputs.url": "x" } };
    expect(describeDifference(call, [record], now)).toBe(
      'input "url" changed (1 of 3); source unchanged; last stored 3 h ago',
    );
  });

  it("names several inputs, and no more than three", () => {
    const two = { createdAt: now, components: { ...call, "inputs.url": "x", "inputs.depth": "y" } };
    expect(describeDifference(call, [two], now)).toContain('inputs "url", "depth" changed (2 of 3)');
    const many = Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`inputs.p${n}`, String(n)]));
    const none = { createdAt: now, components: Object.fromEntries(Object.keys(many).map((name) => [name, "-"])) };
    expect(describeDifference(many, [none], now)).toContain('inputs "p0", "p1", "p2" and 3 more changed (6 of 6)');
  });

  it("says that the source, the run, the key function or a flow parameter changed", () => {
    const components = { "task-source": "1", "run-id": "1", "key-fn": "1", "parameters.day": "1" };
    const record = {
      createdAt: now,
      components: { "task-source": "2", "run-id": "2", "key-fn": "2", "parameters.day": "2" },
    };
    expect(describeDifference(components, [record], now)).toBe(
      'parameter "day" changed (1 of 1); source changed; run id (RUN_ID: a record serves one run) changed; key function\'s answer changed; last stored 0 ms ago',
    );
  });

  it("takes the record that differs least, and of two such the newer one", () => {
    const far = { createdAt: now - hour, components: { ...call, "inputs.url": "x", "inputs.depth": "y" } };
    const near = { createdAt: now - 2 * hour, components: { ...call, "task-source": "old" } };
    const older = { createdAt: now - 3 * hour, components: { ...call, "inputs.debug": "z" } };
    expect(describeDifference(call, [far, near, older], now)).toBe("source changed; last stored 2 h ago");
  });

  it("tells an input that is new or gone from one that changed", () => {
    const record = { createdAt: now, components: { "inputs.url": "a", "task-source": "s" } };
    const more = { "inputs.url": "x", "inputs.depth": "b", "task-source": "s" };
    expect(describeDifference(more, [record], now)).toContain('input "url" changed (1 of 2); input "depth" new');
    expect(describeDifference(record.components, [{ createdAt: now, components: call }], now)).toContain(
      'inputs "depth", "debug" gone',
    );
  });

  it("says that the policy changed where a kind of component is on one side only", () => {
    const record = { createdAt: now, components: { "inputs.url": "a" } };
    expect(describeDifference({ "inputs.url": "a", "task-source": "s" }, [record], now)).toBe(
      "cache policy changed; last stored 0 ms ago",
    );
  });

  it("says nothing where there is no record, or one that differs in nothing", () => {
    expect(describeDifference(call, [], now)).toBeUndefined();
    expect(describeDifference(call, [{ createdAt: now, components: call }], now)).toBeUndefined();
  });
});
