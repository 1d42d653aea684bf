import { describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { createLogger, isEnabled, type LogLevel } from "./logger.ts";
import { memorySink } from "./memory-sink.ts";

const clock: Clock = { ...systemClock, now: () => 42 };
const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

describe("createLogger", () => {
  it("writes records with time, level, source, message and fields", () => {
    const sink = memorySink();
    const logger = createLogger("Task run 'a-123'", { level: "debug", sink, clock });
    for (const level of levels) logger[level](`at ${level}`);
    logger.info("with fields", { rows: 3 });
    expect(sink.records).toEqual([
      ...levels.map((level) => ({ time: 42, level, source: "Task run 'a-123'", message: `at ${level}` })),
      { time: 42, level: "info", source: "Task run 'a-123'", message: "with fields", fields: { rows: 3 } },
    ]);
    expect(sink.records[0]).not.toHaveProperty("fields");
  });

  it.each([
    ["debug", ["debug", "info", "warn", "error"]],
    ["info", ["info", "warn", "error"]],
    ["warn", ["warn", "error"]],
    ["error", ["error"]],
    ["off", []],
  ] as const)("with level %s writes %j", (level, expected) => {
    const sink = memorySink();
    const logger = createLogger("x", { level, sink, clock });
    for (const each of levels) logger[each]("message");
    expect(sink.records.map((record) => record.level)).toEqual(expected);
    expect(levels.filter((each) => isEnabled(level, each))).toEqual(expected);
  });

  it("asks for the source only when a line is written", () => {
    let asked = 0;
    const logger = createLogger(() => `x${++asked}`, { level: "warn", sink: memorySink(), clock });
    logger.info("not written");
    expect(asked).toBe(0);
    logger.warn("written");
    expect(asked).toBe(1);
  });

  it("has methods that can be taken off it", () => {
    const sink = memorySink();
    const { info } = createLogger("x", { level: "info", sink, clock });
    info("alone");
    expect(sink.records).toHaveLength(1);
  });
});
