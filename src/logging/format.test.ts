import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { formatJson, formatText, usesColors } from "./format.ts";
import type { LogFields, LogLevel, LogRecord } from "./logger.ts";

// A local time, whatever the time zone of the machine.
const time = new Date(2026, 6, 14, 11, 34, 0, 402).getTime();
const record = (message: string, fields?: LogFields, level: LogLevel = "info"): LogRecord => ({
  time,
  level,
  source: "Task run 'add-one-d85'",
  message,
  ...(fields && { fields }),
});

describe("formatText", () => {
  it("writes local time, padded level, source and message", () => {
    expect(formatText(record("Finished in state Cached(type=COMPLETED)"), false)).toBe(
      "11:34:00.402 | INFO    | Task run 'add-one-d85' - Finished in state Cached(type=COMPLETED)",
    );
  });

  it.each([
    ["debug", "DEBUG  "],
    ["info", "INFO   "],
    ["warn", "WARN   "],
    ["error", "ERROR  "],
  ] as const)("pads level %s to seven characters", (level, name) => {
    expect(formatText(record("x", undefined, level), false)).toMatch(` | ${name} | `);
  });

  it.each([
    [[2026, 0, 1, 0, 0, 0, 0], "00:00:00.000"],
    [[2026, 0, 1, 0, 0, 0, 7], "00:00:00.007"],
    [[2026, 0, 1, 9, 8, 7, 65], "09:08:07.065"],
    [[2026, 11, 31, 23, 59, 59, 999], "23:59:59.999"],
    [[1969, 6, 1, 1, 2, 3, 4], "01:02:03.004"],
  ] as const)("writes the time of %j", (parts, text) => {
    const at = new Date(...(parts as unknown as [number, number])).getTime();
    expect(formatText({ ...record("x"), time: at }, false).split(" ")[0]).toBe(text);
    expect(formatText({ ...record("x"), time: at + 0.7 }, false).split(" ")[0]).toBe(text);
  });

  it("indents what continues a message, so that it cannot pose as a line of its own", () => {
    const forged = "11:34:00.402 | ERROR   | Flow run 'x' - Crashed";
    for (const end of ["\n", "\r\n", "\r", "\u2028", "\v"]) {
      expect(
        formatText(record(`first${end}${forged}${end}third`), false)
          .split(/[\r\n\v\u2028]/)
          .slice(1),
      ).toEqual([`  ${forged}`, "  third"]);
    }
    expect(formatText({ ...record("x"), source: `Task run 'a\n${forged}'` }, false)).toContain("\n  11:34");
  });

  it("appends fields", () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    const fields = {
      url: "https://x.org/a",
      text: "a b",
      n: 1,
      big: 5n,
      none: undefined,
      error: new TypeError("bad"),
      list: [1, "x"],
      circular,
    };
    expect(formatText(record("Done", fields), false)).toMatch(
      'Done url=https://x.org/a text="a b" n=1 big="5n" none="undefined" error="TypeError: bad" list=[1,"x"] circular="[object Object]"',
    );
  });

  it("colours the level and dims the time, and ends every colour", () => {
    const colored = formatText(record("x", undefined, "error"), true);
    expect(colored).toContain("\x1b[31mERROR  \x1b[39m");
    expect(colored.replaceAll(/\x1b\[\d+m/g, "")).toBe(formatText(record("x", undefined, "error"), false));
  });
});

describe("formatJson", () => {
  it("writes one object in one line", () => {
    const line = formatJson(record("a\nb", { rows: 3, error: new Error("bad"), big: 5n }, "warn"));
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toMatchObject({
      time: new Date(time).toISOString(),
      level: "warn",
      source: "Task run 'add-one-d85'",
      message: "a\nb",
      fields: { rows: 3, big: "5n", error: { name: "Error", message: "bad" } },
    });
    expect(JSON.parse(formatJson(record("x")))).not.toHaveProperty("fields");
  });

  it("keeps the other fields where one cannot be written", () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    const thrower = {
      toJSON: () => {
        throw new Error("no");
      },
    };
    expect(JSON.parse(formatJson(record("x", { a: 1, circular, thrower, f: () => 1, s: Symbol("q") })))).toMatchObject({
      fields: { a: 1, circular: "[object Object]", thrower: "[object Object]", f: "function", s: "Symbol(q)" },
    });
  });

  it("writes times that no calendar has", () => {
    expect(JSON.parse(formatJson({ ...record("x"), time: Number.POSITIVE_INFINITY }))).toMatchObject({
      time: "Infinity",
    });
  });
});

describe("usesColors", () => {
  beforeEach(() => {
    vi.stubEnv("NO_COLOR", undefined);
    vi.stubEnv("FORCE_COLOR", undefined);
  });
  afterEach(() => vi.unstubAllEnvs());

  it("does what it is told", () => {
    vi.stubEnv("NO_COLOR", "1");
    expect(usesColors("always", false)).toBe(true);
    vi.stubEnv("FORCE_COLOR", "1");
    expect(usesColors("never", true)).toBe(false);
  });

  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: "1" }, true, false],
    [{ NO_COLOR: "" }, true, true],
    [{ FORCE_COLOR: "1" }, false, true],
    [{ FORCE_COLOR: "0" }, true, false],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false, true],
  ] as Array<[Record<string, string>, boolean, boolean]>)(
    "decides by %j, on a terminal: %j",
    (env, isTTY, expected) => {
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
      expect(usesColors("auto", isTTY)).toBe(expected);
    },
  );
});
