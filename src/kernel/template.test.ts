import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "./errors.ts";
import { compileTemplate, escapePathPart } from "./template.ts";

const format = (text: string, values: Record<string, unknown>, escape?: (text: string) => string): string =>
  compileTemplate(text, 'Task "load": target').format(values, escape ? { escape } : {});
const at = new Date("2024-12-30T09:05:07.042Z");

function refusal(work: () => unknown): ConfigurationError {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("a template", () => {
  it.each([
    ["plain text", "plain text"],
    ["", ""],
    ["{name}.json", "kiwi.json"],
    ["{{name}} {{{name}}}", "{name} {kiwi}"],
    ["{inputs.city}/{inputs.rows.1.id}", "Bonn/7"],
    ["{page:03}-{page}", "005-5"],
    ["{minus:03}-{big:04}-{half:05}", "-05-0012-001.5"],
    ["{flag} {url}", "false https://a.test/b"],
    ["{class.size}", "3"],
    ["{naïve}", "ü"],
    ["{date}", "2024-12-30"],
    ["{ms:x'x'}".replace("x'x'", "yyyy"), "1970"],
  ])("%s becomes %s", (text, expected) => {
    class Box {
      get size(): number {
        return 3;
      }
    }
    const values = {
      name: "kiwi",
      inputs: { city: "Bonn", rows: [{ id: 1 }, { id: 7 }] },
      page: 5,
      minus: -5,
      big: 12n,
      half: 1.5,
      flag: false,
      url: new URL("https://a.test/b"),
      class: new Box(),
      naïve: "ü",
      date: at,
      ms: new Date(0),
    };
    expect(format(text, values)).toBe(expected);
  });

  it("knows its variables", () => {
    expect(compileTemplate("{a.b}{c:03}{a.b}{{d}}", "x").variables).toEqual(["a.b", "c"]);
  });

  it("takes numbers as moments where the variable is one", () => {
    expect(format("{date:HH:mm:ss.SSS}", { date: at.getTime() })).toBe("09:05:07.042");
    expect(format("{date}", { date: 0 })).toBe("1970-01-01");
    expect(compileTemplate("{start:yyyy}", "x", { dates: ["start"] }).format({ start: 0 })).toBe("1970");
    expect(refusal(() => format("{start:yyyy}", { start: 0 })).message).toMatch(/start as a date: it is a number/);
  });

  it.each([
    ["{", /"\{" without its partner/],
    ["a}b", /"\}" without its partner/],
    ["{a{b}}", /"\{" without its partner/],
    ["{}", /names no variable/],
    ["{0}", /names no variable/],
    ["{a:}", /names no variable/],
    ["{a..b}", /names no variable/],
    ["{parameters[name]}", /hint: write \{parameters\.name\}/],
    ["{ name }", /hint: write \{name\}/],
    ["{page:3}", /hint: write \{name:03\}/],
    ["{date:yyyy-QQ}", /no meaning for "QQ"/],
    ["{date:%Y-%Q}", /no meaning for "%Q"/],
    ["{date:%Y%}", /no meaning for "%"/],
    ["{date:yyyy 'at}", /quote without an end/],
    ["{date:YYYY-MM-DD}", /hint: yyyy is the year, dd the day of the month/],
    ["{date:YYYY}", /no week/],
    ["{date:yyyy-ww}", /YYYY-ww/],
    ["{date:%Y-%V}", /%G-%V/],
    ["{date:yyyy-mm-dd}", /the month is MM/],
  ])("%s is refused when it is compiled", (text, message) => {
    const error = refusal(() => compileTemplate(text, 'Task "load": target'));
    expect(error.message).toMatch(message);
    expect(error.message).toContain('Task "load": target');
    expect(error.code).toBe("OXBOW_OPTION_INVALID");
  });

  it("names what is not there, what there is, and what was meant", () => {
    const error = refusal(() => format("{taskNme}.txt", { taskName: "a", date: at }));
    expect(error.message).toContain('the template "{taskNme}.txt" names taskNme, which is not there');
    expect(error.hint).toBe('did you mean "taskName"? there are taskName, date');
    expect(refusal(() => format("{inputs.cty}", { inputs: { city: 1 } })).hint).toContain('"inputs.city"');
    expect(refusal(() => format("{a.b.c}", { a: { b: "text" } })).hint).toBe("a.b is a string");
    expect(refusal(() => format("{a}", {})).hint).toBe("there are no variables");
  });

  it.each(["{a.constructor}", "{a.__proto__}", "{constructor}", "{toString}", "{a.constructor.name}"])(
    "%s is nothing that a value has of its own",
    (text) => expect(refusal(() => format(text, { a: {} })).message).toContain("which is not there"),
  );

  it.each([
    [undefined, "undefined"],
    [null, "null"],
    [{ a: 1 }, "an Object"],
    [[1], "an Array"],
    [() => 1, "a function"],
    [Symbol("s"), "a symbol"],
    [Number.NaN, "NaN"],
    [Infinity, "Infinity"],
    [new Date(Number.NaN), "no date"],
    ["\ud800", "half a character"],
  ])("a value without a text of its own is refused: %s", (value, said) => {
    expect(refusal(() => format("{a}", { a: value })).message).toContain(said);
  });

  it("a format for something else is refused", () => {
    expect(refusal(() => format("{a:03}", { a: "1" })).message).toContain("a with 3 digits: it is a string");
    expect(refusal(() => format("{a:03}", { a: at })).message).toContain("it is a date");
    expect(refusal(() => format("{a:yyyy}", { a: "2024" })).message).toContain("as a date: it is a string");
  });

  it("a getter that throws is named, with the cause", () => {
    const cause = new Error("no");
    const values = {
      get a(): never {
        throw cause;
      },
    };
    expect(refusal(() => format("{a}", values)).cause).toBe(cause);
  });

  it("escapes what comes from values, and not what the template says", () => {
    const values = { date: at, city: "a/b", page: 3 };
    expect(format("x/{city}/{date:yyyy/MM}/{page:02}", values, escapePathPart)).toBe("x/a%2Fb/2024/12/03");
  });

  it("tells the escape which variable it is", () => {
    const escape = (text: string, variable: string): string => `${variable}=${text}`;
    expect(compileTemplate("{a.b}", "x").format({ a: { b: 1 } }, { escape })).toBe("a.b=1");
  });
});

describe("escapePathPart()", () => {
  it.each([
    ["../../etc", "..%2F..%2Fetc"],
    ["..", "%2E."],
    [".", "%2E"],
    ["...", "%2E.."],
    [".. ", "%2E. "],
    ["", "%"],
    ["%", "%25"],
    ["a\\b", "a%5Cb"],
    ["a\0b\n", "a%00b%0A"],
    ["\u0085", "%C2%85"],
    ["C:x", "C%3Ax"],
    ["10:30", "10:30"],
    [".gitignore", ".gitignore"],
    ["Zürich 東京", "Zürich 東京"],
  ])("%j becomes %s", (text, expected) => expect(escapePathPart(text)).toBe(expected));

  it("always gives one segment that leads nowhere", () => {
    const nasty = fc.string({
      unit: fc.constantFrom(".", "/", "\\", "\0", " ", "%", "a", "C", ":", "\n", "é"),
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.oneof(nasty, fc.string({ unit: "binary" })), (text) => {
        const part = escapePathPart(text);
        expect(part).not.toMatch(/[/\\\u0000-\u001f\u007f-\u009f]|^[. ]*$|^[A-Za-z]:/);
      }),
    );
  });

  it("keeps different texts different", () => {
    const nasty = fc.string({ unit: fc.constantFrom(".", "/", "%", "2", "5", "F", "E", " "), maxLength: 4 });
    fc.assert(
      fc.property(nasty, nasty, (left, right) => (escapePathPart(left) === escapePathPart(right)) === (left === right)),
      { numRuns: 2000 },
    );
  });
});

it("a text that is no template, with its braces doubled, comes back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(format(text.replaceAll(/[{}]/g, "$&$&"), {})).toBe(text);
    }),
  );
});

it("a value goes in as it is, wherever the hole stands", () => {
  const text = fc.string({ unit: "binary" }).map((each) => each.replaceAll(/[{}]/g, "$&$&"));
  fc.assert(
    fc.property(text, fc.string({ unit: "binary" }), text, (before, value, after) => {
      const plain = (each: string): string => each.replaceAll(/([{}])\1/g, "$1");
      expect(format(`${before}{v}${after}`, { v: value })).toBe(plain(before) + value + plain(after));
    }),
  );
});
