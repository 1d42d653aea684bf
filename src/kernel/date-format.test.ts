import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileDateFormat } from "./date-format.ts";

const write = (format: string, date: string | number): string => compileDateFormat(format, "x")(new Date(date));
const moment = "2024-12-30T09:05:07.042Z";
const evening = "0099-01-01T23:59:59.999Z";

describe("date formats", () => {
  it.each([
    ["yyyy-MM-dd'T'HH:mm:ss.SSS", "2024-12-30T09:05:07.042", "0099-01-01T23:59:59.999"],
    ["yy M d H h a", "24 12 30 9 9 AM", "99 1 1 23 11 PM"],
    ["MMMM MMM EEEE EEE", "December Dec Monday Mon", "January Jan Thursday Thu"],
    ["DDD hh", "365 09", "001 11"],
    ["YYYY-'W'ww w", "2025-W01 1", "0099-W01 1"],
    ["'it''s' d '' ''''", "it's 30 ' ''", "it's 1 ' ''"],
    ["%Y-%m-%dT%H:%M:%S.%f%z", "2024-12-30T09:05:07.042000+0000", "0099-01-01T23:59:59.999000+0000"],
    ["%A %a %B %b %h", "Monday Mon December Dec Dec", "Thursday Thu January Jan Jan"],
    ["%F %T %Z %j %y %I%p", "2024-12-30 09:05:07 UTC 365 24 09AM", "0099-01-01 23:59:59 UTC 001 99 11PM"],
    ["%G-W%V 100%%", "2025-W01 100%", "0099-W01 100%"],
    ["%d's", "30's", "01's"],
  ])("%s", (format, atMoment, inTheEvening) => {
    expect(write(format, moment)).toBe(atMoment);
    expect(write(format, evening)).toBe(inTheEvening);
  });

  it.each([
    ["2020-12-31", "2020-W53"],
    ["2021-01-01", "2020-W53"],
    ["2021-01-03", "2020-W53"],
    ["2021-01-04", "2021-W01"],
    ["2018-12-31", "2019-W01"],
    ["2016-01-01", "2015-W53"],
    ["2024-07-18", "2024-W29"],
  ])("the week of %s is %s", (date, week) => expect(write("YYYY-'W'ww", date)).toBe(week));

  it("noon and midnight are 12", () => {
    expect([write("h a", "2024-01-01T00:00Z"), write("h a", "2024-01-01T12:00Z")]).toEqual(["12 AM", "12 PM"]);
  });

  it("tells every two milliseconds apart when it has all fields, in both notations", () => {
    const time = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });
    fc.assert(
      fc.property(time, (ms) => {
        expect(new Date(write("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", ms)).getTime()).toBe(ms);
        expect(write("%FT%T", ms)).toBe(new Date(ms).toISOString().slice(0, 19));
        const week = Number(write("ww", ms));
        expect(week >= 1 && week <= 53).toBe(true);
        // Seven days on is one week on, or the first of the next year.
        const next = write("YYYY ww", ms + 7 * 86_400_000)
          .split(" ")
          .map(Number);
        expect(
          next[1] === week + 1 || (next[1] === 1 && next[0] === Number(write("YYYY ww", ms).split(" ")[0]) + 1),
        ).toBe(true);
      }),
    );
  });
});
