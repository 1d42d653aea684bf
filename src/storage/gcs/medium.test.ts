import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { only, openGcsPlace } from "../../../tests/fixtures/gcs-place.ts";
import {
  failingSource,
  failureOf,
  inOrder,
  largeBytes,
  memoryFor,
  quick,
  restOf,
  sourceOf,
  wholeOf,
} from "../../../tests/fixtures/object-media.ts";
import { type GcsLogged, startGcs } from "../../../tests/services/gcs-server.ts";
import { collect } from "../../kernel/byte-source.ts";
import type { Clock } from "../../kernel/clock.ts";
import { pattern } from "../../testing/storage-checks/check.ts";
import { gcsMedium } from "./options.ts";

const { server, optionsFor, mediumFor } = await openGcsPlace();

describe("A medium of Google Cloud Storage", () => {
  it("tells size, generation and time with the first bytes, of an empty object too", async () => {
    const medium = mediumFor();
    for (const size of [0, 1, 999, 1000, 1001, 5000]) {
      const bytes = pattern(size, 3);
      expect(await medium.write("name", [bytes])).toBe(true);
      const found = (await medium.begin("name", 1000))!;
      expect(found).toMatchObject({ size, tag: expect.stringMatching(/^\d+$/) });
      expect(Math.abs(found.modifiedAt - Date.now())).toBeLessThan(60_000);
      expect(Buffer.compare(found.bytes, bytes.subarray(0, 1000))).toBe(0);
      expect(Buffer.compare((await wholeOf(medium, "name"))!, bytes)).toBe(0);
    }
    await medium.remove("name");
    await medium.remove("name");
    expect(await medium.begin("name", 1000)).toBeUndefined();
  });

  it("does not give the rest of an object that was replaced or removed", async () => {
    const medium = mediumFor();
    await medium.write("name", [pattern(5000, 1)]);
    const { tag } = (await medium.begin("name", 1000))!;
    await medium.write("name", [pattern(5000, 2)]);
    expect(await medium.rest("name", 1000, tag)).toBeUndefined();
    await medium.remove("name");
    expect(await medium.rest("name", 1000, tag)).toBeUndefined();
  });

  it("writes where a condition holds, and only there", async () => {
    const medium = mediumFor();
    for (const bytes of [pattern(10, 1), largeBytes]) {
      const name = `name ${bytes.byteLength}`;
      expect(await medium.write(name, sourceOf(bytes), { tag: "12345" })).toBe(false);
      expect(await medium.write(name, sourceOf(bytes), { absent: true })).toBe(true);
      expect(await medium.write(name, [Buffer.from("other")], { absent: true })).toBe(false);
      const { tag } = (await medium.begin(name, 1))!;
      expect(await medium.write(name, sourceOf(bytes), { tag })).toBe(true);
      expect(await medium.write(name, [Buffer.from("other")], { tag })).toBe(false);
      expect(Buffer.compare((await wholeOf(medium, name))!, bytes)).toBe(0);
    }
    expect(server.uploads.open).toBe(0);
  });

  it("lets one of 20 win who write at once where nothing is", async () => {
    const medium = mediumFor();
    for (const bytes of [pattern(10, 1), largeBytes]) {
      const name = `name ${bytes.byteLength}`;
      const writers = Array.from({ length: bytes === largeBytes ? 4 : 20 }, async () =>
        medium.write(name, sourceOf(bytes), { absent: true }),
      );
      expect((await Promise.all(writers)).filter((won) => won)).toHaveLength(1);
    }
  });
});

describe("A large object", () => {
  it("goes up to its end through connections that break, parts that are half taken, and a service that forgets", async () => {
    const medium = mediumFor();
    const isPart = ({ method }: GcsLogged): boolean => method === "PUT";
    for (const fault of ["drop", "lose", "unavailable", "partly"] as const) {
      for (const skip of fault === "lose" || fault === "partly" ? [0, 2] : [1]) {
        server.fault = only(fault, isPart, 2, skip);
        expect(await medium.write("name", sourceOf(largeBytes))).toBe(true);
        expect(Buffer.compare((await wholeOf(medium, "name"))!, largeBytes)).toBe(0);
      }
    }
    let parts = 0;
    server.fault = (request) => {
      if (isPart(request) && ++parts === 2) server.uploads.forgetAll();
      return undefined;
    };
    expect(await medium.write("name", sourceOf(largeBytes))).toBe(true);
    expect(Buffer.compare((await wholeOf(medium, "name"))!, largeBytes)).toBe(0);
  });

  it("that cannot be sent to its end leaves nothing, and the old one stays", async () => {
    const medium = mediumFor();
    await medium.write("name", [Buffer.from("old")]);
    let parts = 0;
    server.fault = ({ method }) => (method === "PUT" && ++parts > 1 ? "unavailable" : undefined);
    expect((await failureOf(medium.write("name", sourceOf(largeBytes)))).message).toContain("503");
    expect(server.uploads.open).toBe(0);
    server.fault = () => undefined;
    const error = await failureOf(medium.write("name", failingSource));
    expect(inspect(error)).toContain("the disk is gone");
    for (const size of [largeBytes.byteLength - 1, largeBytes.byteLength + 1])
      await failureOf(medium.write("name", { ...sourceOf(largeBytes), size }));
    expect(server.uploads.open).toBe(0);
    expect(Buffer.from((await wholeOf(medium, "name"))!).toString()).toBe("old");
  });

  it("comes down to its end through connections that break", async () => {
    const medium = mediumFor();
    await medium.write("name", sourceOf(largeBytes));
    server.fault = inOrder(undefined, "half", "drop", "half", "unavailable");
    expect(Buffer.compare((await wholeOf(medium, "name"))!, largeBytes)).toBe(0);
    server.fault = inOrder("half", "half", undefined);
    expect(Buffer.compare((await wholeOf(medium, "name"))!, largeBytes)).toBe(0);
  });

  it("that stands still, breaks off for good or is replaced half-way is an error in place of its end", async () => {
    const options = optionsFor();
    const medium = gcsMedium(options, quick);
    const hasty = gcsMedium({ ...options, timeout: "5s" }, quick);
    await medium.write("name", sourceOf(largeBytes));
    server.fault = inOrder(undefined, "stall");
    expect((await failureOf(collect(await restOf(hasty, "name")))).message).toMatch(
      /^Cannot read.*no answer within 5 s/,
    );
    let seen = 0;
    server.fault = () => (seen++ > 0 ? (seen > 2 ? "drop" : "half") : undefined);
    await failureOf(collect(await restOf(medium, "name")));
    server.fault = inOrder(undefined, "half");
    const stream = await restOf(medium, "name");
    await medium.write("name", [Buffer.from("other")]);
    expect((await failureOf(collect(stream))).message).toMatch(/replaced or removed while it was read/);
  });

  it("that is read no further lets go of its connection", async () => {
    // A server of its own: what others have open does not count.
    const own = await startGcs();
    let letGo = (): void => undefined;
    const clock: Clock = {
      ...quick,
      schedule: (delayMs, callback, isBackground) => {
        if (isBackground === true) letGo = callback;
        return quick.schedule(delayMs, callback, isBackground);
      },
    };
    const medium = gcsMedium(optionsFor({ apiEndpoint: own.url }), clock);
    await medium.write("name", sourceOf(largeBytes));
    const open = async (): Promise<AsyncIterable<Uint8Array>> =>
      (await medium.rest("name", 0, (await medium.begin("name", 10))!.tag))!;
    for (let i = 0; i < 8; i += 1) {
      for await (const chunk of await open()) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
    }
    await expect.poll(() => own.connections()).toBeLessThanOrEqual(3);
    // One that nobody has begun to read when the time limit is over can be read all the same.
    const unread = await open();
    const requests = own.log.length;
    letGo();
    expect(Buffer.compare(await collect(unread), largeBytes)).toBe(0);
    expect(own.log.length).toBe(requests + 1);
    await own.stop();
  });

  it("takes little memory, both ways", async () => {
    const megabyte = 1024 * 1024;
    const module = new URL("../gcs.ts", import.meta.url).href;
    const { atWriting, atReading, isRight } = await memoryFor(module, "gcsStorage", optionsFor());
    expect(isRight).toBe(true);
    expect(atWriting).toBeLessThan(48 * megabyte);
    expect(atReading).toBeLessThan(24 * megabyte);
  }, 60_000);
});
