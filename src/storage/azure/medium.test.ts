import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { busy, isBlock, openAzurePlace } from "../../../tests/fixtures/azure-place.ts";
import {
  allOf,
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
import { type ProxyFault, startProxy } from "../../../tests/services/faulty-proxy.ts";
import { azureUrl } from "../../../tests/services/services.ts";
import { collect } from "../../kernel/byte-source.ts";
import { pattern } from "../../testing/storage-checks/check.ts";
import { azureMedium } from "./options.ts";

const url = await azureUrl();

describe.skipIf(url === undefined)("With an Azurite", async () => {
  const { proxy, optionsFor, mediumFor } = await openAzurePlace(url);

  describe("A medium of Azure Blob Storage", () => {
    it("tells size, tag and time with the first bytes, of an empty blob too", async () => {
      const medium = mediumFor();
      for (const size of [0, 1, 999, 1000, 1001, 5000]) {
        const bytes = pattern(size, 3);
        expect(await medium.write("name", [bytes])).toBe(true);
        const found = (await medium.begin("name", 1000))!;
        expect(found).toMatchObject({ size, tag: expect.any(String) });
        expect(Math.abs(found.modifiedAt - Date.now())).toBeLessThan(60_000);
        expect(Buffer.compare(found.bytes, bytes.subarray(0, 1000))).toBe(0);
        expect(Buffer.compare((await wholeOf(medium, "name"))!, bytes)).toBe(0);
      }
      await medium.remove("name");
      await medium.remove("name");
      expect(await medium.begin("name", 1000)).toBeUndefined();
    });

    it("does not give the rest of a blob that was replaced or removed", async () => {
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
        const name = `name${bytes.byteLength}`;
        expect(await medium.write(name, sourceOf(bytes), { tag: '"0x12345"' })).toBe(false);
        expect(await medium.write(name, sourceOf(bytes), { absent: true })).toBe(true);
        expect(await medium.write(name, sourceOf(bytes), { absent: true })).toBe(false);
        const { tag } = (await medium.begin(name, 1))!;
        expect(await medium.write(name, sourceOf(bytes), { tag })).toBe(true);
        expect(await medium.write(name, [Buffer.from("other")], { tag })).toBe(false);
        expect(Buffer.compare((await wholeOf(medium, name))!, bytes)).toBe(0);
      }
    });

    it("lets one of 20 win who write at once where nothing is, and all where anything may be", async () => {
      const medium = mediumFor();
      for (const bytes of [pattern(10, 1), largeBytes]) {
        const name = `name${bytes.byteLength}`;
        const count = bytes === largeBytes ? 3 : 20;
        const race = (condition?: { absent: true }): Promise<boolean[]> =>
          Promise.all(Array.from({ length: count }, () => medium.write(name, sourceOf(bytes), condition)));
        expect((await race({ absent: true })).filter((won) => won)).toHaveLength(1);
        expect((await race()).filter((won) => won)).toHaveLength(count);
        expect(Buffer.compare((await wholeOf(medium, name))!, bytes)).toBe(0);
      }
    });

    it("lists names in order, over pages", async () => {
      const medium = mediumFor();
      for (let i = 0; i < 10; i += 1) await medium.write(`list/${i}`, [Buffer.from("x")]);
      expect(await allOf(medium.list("list/"))).toHaveLength(10);
      expect(await allOf(medium.list("list/", "list/7"))).toEqual(["list/8", "list/9"]);
      expect(await allOf(medium.list("list/", "list/55"))).toEqual(["list/6", "list/7", "list/8", "list/9"]);
      expect(await allOf(medium.list("other"))).toEqual([]);
    });
  });

  describe("A large blob", () => {
    it("goes up to its end through connections that break, and others who drop its blocks", async () => {
      const medium = mediumFor();
      for (const fault of ["drop", "lose", busy] as const) {
        let seen = 0;
        proxy.fault = (request) => (isBlock(request) && (seen += 1) % 2 === 1 ? fault : undefined);
        expect(await medium.write("name", sourceOf(largeBytes))).toBe(true);
        expect(Buffer.compare((await wholeOf(medium, "name"))!, largeBytes)).toBe(0);
      }
      let blocks = 0;
      proxy.fault = async (request) => {
        if (isBlock(request) && (blocks += 1) === 3) await medium.write("name", [Buffer.from("other")]);
        return undefined;
      };
      expect(await medium.write("name", sourceOf(largeBytes))).toBe(true);
      expect(Buffer.compare((await wholeOf(medium, "name"))!, largeBytes)).toBe(0);
    });

    it("that cannot be sent to its end leaves nothing that anybody sees, and the old one stays", async () => {
      const medium = mediumFor();
      await medium.write("name", [Buffer.from("old")]);
      let blocks = 0;
      proxy.fault = (request) => (isBlock(request) && (blocks += 1) > 1 ? busy : undefined);
      expect((await failureOf(medium.write("name", sourceOf(largeBytes)))).message).toContain("503");
      proxy.fault = () => undefined;
      expect(inspect(await failureOf(medium.write("name", failingSource)))).toContain("the disk is gone");
      for (const size of [largeBytes.byteLength - 1, largeBytes.byteLength + 1])
        await failureOf(medium.write("name", { ...sourceOf(largeBytes), size }));
      await failureOf(medium.write("second", failingSource));
      expect(Buffer.from((await wholeOf(medium, "name"))!).toString()).toBe("old");
      expect(await allOf(medium.list(""))).toEqual(["name"]);
    });

    it("comes down to its end through connections that break", async () => {
      const medium = mediumFor();
      await medium.write("name", sourceOf(largeBytes));
      proxy.fault = inOrder<ProxyFault>(undefined, "half", "drop", "half", busy);
      expect(Buffer.compare((await wholeOf(medium, "name"))!, largeBytes)).toBe(0);
    });

    it("that stands still, breaks off for good or is replaced half-way is an error in place of its end", async () => {
      const options = optionsFor();
      const medium = azureMedium(options, quick);
      const hasty = azureMedium({ ...options, timeout: "5s" }, quick);
      await medium.write("name", sourceOf(largeBytes));
      proxy.fault = inOrder(undefined, "stall");
      expect((await failureOf(collect(await restOf(hasty, "name")))).message).toMatch(
        /^Cannot read.*no answer within 5 s/,
      );
      let seen = 0;
      proxy.fault = () => (seen++ > 0 ? (seen > 2 ? "drop" : "half") : undefined);
      await failureOf(collect(await restOf(medium, "name")));
      proxy.fault = inOrder(undefined, "half");
      const stream = await restOf(medium, "name");
      await medium.write("name", [Buffer.from("other")]);
      expect((await failureOf(collect(stream))).message).toMatch(/replaced or removed while it was read/);
    });

    it("that is read no further lets go of its connection", async () => {
      const own = await startProxy(url!);
      const medium = mediumFor({ accountUrl: own.url });
      await medium.write("name", sourceOf(largeBytes));
      for (let i = 0; i < 8; i += 1) {
        const { tag } = (await medium.begin("name", 10))!;
        for await (const chunk of (await medium.rest("name", 0, tag))!) {
          expect(chunk.byteLength).toBeGreaterThan(0);
          break;
        }
      }
      await expect.poll(() => own.connections()).toBeLessThanOrEqual(3);
      await own.stop();
    });

    it("takes little memory, both ways", async () => {
      const megabyte = 1024 * 1024;
      const module = new URL("../azure.ts", import.meta.url).href;
      const { atWriting, atReading, isRight } = await memoryFor(
        module,
        "azureStorage",
        optionsFor({ accountUrl: url! }),
      );
      expect(isRight).toBe(true);
      expect(atWriting).toBeLessThan(48 * megabyte);
      expect(atReading).toBeLessThan(24 * megabyte);
    }, 60_000);
  });
});
