import { describe, expect, it } from "vitest";
import { faultsIn, type RacerHistory } from "../chaos/lock-history.ts";
import { raceForLock } from "../chaos/lock-race.ts";
import type { RaceEvent } from "../chaos/lock-racer.ts";

describe.each(["sqlite", "file"] as const)(
  "Processes that take a %s lock over from each other, and are killed",
  (locks) => {
    it("never hold it at the same time, and never get the same token", async () => {
      const { grants, renewals, kills, faults } = await raceForLock(locks, 4, 3000);
      expect(faults).toEqual([]);
      expect(Math.min(grants, renewals, kills)).toBeGreaterThan(2);
    });
  },
);

describe("faultsIn()", () => {
  const event = (what: RaceEvent["what"], token: number, from: number): RaceEvent => ({
    what,
    token,
    from,
    to: from + 1,
  });
  const racer = (pid: number, events: RaceEvent[], killedAt?: number): RacerHistory => ({ pid, killedAt, events });

  it.each([
    ["a release", [event("grant", 1, 0), event("release", 1, 10)], undefined],
    ["a release in whose midst its process was killed", [event("grant", 1, 0), event("releasing", 1, 10)], 25],
    ["the end of the lease", [event("grant", 1, -100)], undefined],
    ["a kill", [event("grant", 1, 0)], 15],
  ])("finds none where the next grant comes after %s", (_, events, killedAt) => {
    expect(faultsIn([racer(1, events, killedAt), racer(2, [event("grant", 2, 20)])], 100)).toEqual([]);
  });

  it.each([
    ["a token that was given twice", [event("grant", 2, -200)]],
    ["a grant while the one before is held", [event("grant", 1, 0)]],
    ["a grant while the one before has been extended", [event("grant", 1, -100), event("renew", 1, 0)]],
    ["an extension after the next grant", [event("grant", 1, -100), event("renew", 1, 30)]],
    ["a release after the next grant", [event("grant", 1, -100), event("release", 1, 30)]],
  ])("finds %s", (_, events) => {
    expect(faultsIn([racer(1, events), racer(2, [event("grant", 2, 20)])], 100)).toHaveLength(1);
  });
});
