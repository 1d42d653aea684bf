import { expect, it } from "vitest";
import { complaints, findingsOf, shiftedClock } from "../../../tests/fixtures/doctor.ts";
import { memoryStorage } from "../../storage/memory.ts";
import { TestClock } from "../../testing/test-clock.ts";
import { probeRecord } from "../probe-record.ts";
import { clock } from "./clock.ts";

const day = 86_400_000;

async function storageWithRecordOf(time: number): Promise<ReturnType<typeof memoryStorage>> {
  const storage = memoryStorage();
  const { metadata, bytes } = probeRecord(time);
  await storage.put({ ...metadata, key: "somebody's" }, [bytes]);
  return storage;
}

it("a time after everything that was written passes", async () => {
  const storages = [await storageWithRecordOf(Date.now())];
  expect(complaints(await findingsOf(clock, { storages }))).toEqual([]);
});

it("a time before the newest record fails", async () => {
  const storages = [await storageWithRecordOf(Date.now())];
  expect(complaints(await findingsOf(clock, { storages, clock: shiftedClock(-day) }))).toEqual([
    expect.stringMatching(/^fail system time: It is .* here, and the record "somebody's" is of /),
  ]);
});

it("a time that cannot be fails, as of a machine without a battery", async () => {
  expect(complaints(await findingsOf(clock, { clock: new TestClock(0) }))).toEqual([
    expect.stringContaining("It is 1970-01-01T00:00:00.000Z here, which cannot be"),
  ]);
});
