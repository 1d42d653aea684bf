import { describe, expect, it } from "vitest";
import { only, openGcsPlace } from "../../../tests/fixtures/gcs-place.ts";
import { allOf, failureOf, inOrder, largeBytes, quick, sourceOf } from "../../../tests/fixtures/object-media.ts";
import { freePort } from "../../../tests/services/free-port.ts";
import type { GcsFault } from "../../../tests/services/gcs-server.ts";
import type { Clock } from "../../kernel/clock.ts";
import { gcsMedium } from "./options.ts";

const { server, optionsFor, mediumFor } = await openGcsPlace();

describe("Where requests fail", () => {
  it("what passes is tried again, after pauses that grow", async () => {
    const pauses: number[] = [];
    const clock: Clock = {
      ...quick,
      schedule: (delayMs, callback, isBackground) => {
        if (delayMs < 30_000) pauses.push(delayMs);
        return quick.schedule(delayMs, callback, isBackground);
      },
    };
    const medium = gcsMedium(optionsFor(), clock);
    for (const fault of ["throttle", "unavailable", "drop", "lose"] as const) {
      server.fault = inOrder(fault, fault, fault, fault);
      expect(await medium.write("name", [Buffer.from(fault)])).toBe(true);
      server.fault = inOrder(fault, fault, fault, fault);
      expect(Buffer.from((await medium.begin("name", 100))!.bytes).toString()).toBe(fault);
      server.fault = inOrder(fault, fault, fault, fault);
      expect(await allOf(medium.list(""))).toEqual(["name"]);
      const [first, , , last] = pauses.splice(0) as [number, number, number, number];
      expect(last).toBeGreaterThan(first * 3);
    }
  });

  it("what lasts is an error that says what, where, why and what to do", async () => {
    const medium = mediumFor({ timeout: "5s" });
    const cases: ReadonlyArray<readonly [GcsFault, RegExp]> = [
      ["throttle", /^Cannot write gs:\/\/results\/.*\/name at http.*rate limit.* \(429 rateLimitExceeded\)\n  hint: /],
      ["unavailable", /\(503 backendError\)\n  hint: /],
      ["deny", /does not have.*\(403 forbidden\)\n  hint: .*roles\/storage.objectUser/],
      ["hang", /no answer within 5 s \(ETIMEDOUT\)\n  hint: .*timeout/],
      ["drop", /\(UND_ERR_SOCKET\)\n  hint: /],
      ["garbage", /not one of Google Cloud Storage \(200 not-gcs\)\n  hint: .*apiEndpoint/],
    ];
    for (const [fault, message] of cases) {
      server.fault = () => fault;
      expect((await failureOf(medium.write("name", [Buffer.from("x")]))).message).toMatch(message);
      expect((await failureOf(medium.begin("name", 10))).message).toMatch(/^Cannot read gs:/);
      if (fault === "garbage") continue;
      expect((await failureOf(medium.remove("name"))).message).toMatch(/^Cannot remove gs:/);
      expect((await failureOf(allOf(medium.list("")))).message).toMatch(/^Cannot list gs:/);
    }
  });

  it("nothing takes longer than the time limit, repetitions included", async () => {
    const medium = gcsMedium(optionsFor({ timeout: "300ms", retries: 1000 }));
    for (const fault of ["hang", "throttle", "drop"] as const) {
      server.fault = () => fault;
      const began = performance.now();
      await failureOf(medium.write("name", [Buffer.from("x")]));
      await failureOf(medium.begin("name", 10));
      expect(performance.now() - began).toBeLessThan(2000);
    }
  });

  it("a server that is not there, or a bucket, is an error and no miss", async () => {
    const nowhere = mediumFor({ apiEndpoint: `http://127.0.0.1:${await freePort()}` });
    expect((await failureOf(nowhere.begin("name", 10))).message).toMatch(
      /ECONNREFUSED.*\n  hint: see that the service/,
    );
    const medium = mediumFor({ bucket: "nothing" });
    for (const work of [
      () => medium.begin("name", 10),
      () => medium.rest("name", 10, "1"),
      () => medium.write("name", [Buffer.from("x")]),
      () => medium.write("name", sourceOf(largeBytes)),
      () => medium.remove("name"),
      () => allOf(medium.list("")),
    ])
      expect((await failureOf(work())).message).toMatch(/bucket does not exist.*\n  hint: .*buckets create/);
  });

  it("a name that is too long is an error before anything is asked", async () => {
    const medium = mediumFor({ prefix: "p".repeat(500) });
    const name = "n".repeat(524);
    const error = await failureOf(medium.write(name, []));
    expect(error.message).toMatch(/its name has 1025 bytes\n  hint: 1024 are possible/);
    await failureOf(medium.begin(name, 10));
    await failureOf(medium.rest(name, 10, "1"));
    await failureOf(medium.remove(name));
    expect(server.log).toEqual([]);
    expect(await medium.write(name.slice(1), [])).toBe(true);
  });

  it("a condition is not said to have failed by the writer's own object", async () => {
    const medium = mediumFor();
    server.fault = inOrder("lose", "lose");
    expect(await medium.write("name", [Buffer.from("mine")], { absent: true })).toBe(true);
    const { tag } = (await medium.begin("name", 1))!;
    server.fault = inOrder("lose");
    expect(await medium.write("name", [Buffer.from("next")], { tag })).toBe(true);
    server.fault = inOrder("drop");
    expect(await medium.write("name", [Buffer.from("late")], { tag })).toBe(false);
    server.fault = only("lose", ({ method, headers }) => method === "PUT" && headers["x-goog-hash"] !== undefined);
    expect(await medium.write("large", sourceOf(largeBytes), { absent: true })).toBe(true);
  });
});
