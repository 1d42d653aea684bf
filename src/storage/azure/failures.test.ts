import { randomUUID } from "node:crypto";
import { ContainerClient } from "@azure/storage-blob";
import { describe, expect, it } from "vitest";
import { busy, isBlock, openAzurePlace, refusal, signer } from "../../../tests/fixtures/azure-place.ts";
import { allOf, failureOf, inOrder, largeBytes, sourceOf } from "../../../tests/fixtures/object-media.ts";
import { azuriteAccount, startAzurite } from "../../../tests/services/azurite.ts";
import { type ProxyFault, startProxy } from "../../../tests/services/faulty-proxy.ts";
import { freePort } from "../../../tests/services/free-port.ts";
import { azureUrl } from "../../../tests/services/services.ts";
import { azureMedium } from "./options.ts";

const url = await azureUrl();

describe.skipIf(url === undefined)("With an Azurite", async () => {
  const { container, proxy, optionsFor, mediumFor } = await openAzurePlace(url);

  describe("Where requests fail", () => {
    it("what passes is tried again", async () => {
      const medium = mediumFor();
      const faults = {
        busy,
        tooMany: refusal(429, "TooManyRequests", "Slow down."),
        drop: "drop",
        lose: "lose",
      } as const;
      for (const [text, fault] of Object.entries(faults)) {
        proxy.fault = inOrder(fault, fault, fault, fault);
        expect(await medium.write("name", [Buffer.from(text)])).toBe(true);
        proxy.fault = inOrder(fault, fault, fault, fault);
        expect(Buffer.from((await medium.begin("name", 100))!.bytes).toString()).toBe(text);
        proxy.fault = inOrder(fault, fault, fault, fault);
        expect(await allOf(medium.list(""))).toEqual(["name"]);
      }
      proxy.fault = inOrder("half", "half");
      expect(Buffer.from((await medium.begin("name", 100))!.bytes).toString()).toBe("lose");
    });

    it("what lasts is an error that says what, where, why and what to do", async () => {
      const medium = mediumFor({ timeout: "5s" });
      const denied = refusal(403, "AuthorizationPermissionMismatch", "This request is not authorized.");
      const cases: ReadonlyArray<readonly [ProxyFault, RegExp]> = [
        [
          busy,
          /^Cannot write azure:\/\/devstoreaccount1\/.*\/name at http.*over the account limit. \(503 ServerBusy\)\n {2}hint: /,
        ],
        [denied, /not authorized. \(403 AuthorizationPermissionMismatch\)\n {2}hint: .*Data Contributor/],
        [refusal(412, "LeaseIdMissing", "There is a lease."), /\(412 LeaseIdMissing\)/],
        [refusal(409, "BlobImmutableDueToPolicy", "Not permitted."), /\(409 BlobImmutableDueToPolicy\)/],
        ["hang", /no answer within 5 s \(ETIMEDOUT\)\n {2}hint: .*timeout/],
        ["drop", /\(ECONNRESET\)\n {2}hint: /],
      ];
      for (const [fault, message] of cases) {
        proxy.fault = () => fault;
        expect((await failureOf(medium.write("name", [Buffer.from("x")], { absent: true }))).message).toMatch(message);
        expect((await failureOf(medium.begin("name", 10))).message).toMatch(/^Cannot read azure:/);
        expect((await failureOf(medium.remove("name"))).message).toMatch(/^Cannot remove azure:/);
        expect((await failureOf(allOf(medium.list("")))).message).toMatch(/^Cannot list azure:/);
      }
      proxy.fault = () => ({ status: 200, headers: { "content-type": "text/html" }, body: "<h1>Sign in</h1>" });
      expect((await failureOf(medium.begin("name", 10))).message).toMatch(/not one of Azure.*\n {2}hint: .*proxy/);
    });

    it("nothing takes longer than the time limit, repetitions and those of a caller's client included", async () => {
      const client = new ContainerClient(`${proxy.url}/${container}`, signer, {
        retryOptions: { maxTries: 50, retryDelayInMs: 10 },
      });
      for (const more of [{}, { client, accountUrl: undefined, credential: undefined, container: undefined }]) {
        const medium = azureMedium({
          ...optionsFor(),
          ...more,
          timeout: "300ms",
          retries: 1000,
        });
        for (const fault of ["hang", busy, "drop"] as const) {
          proxy.fault = () => fault;
          const began = performance.now();
          await failureOf(medium.write("name", [Buffer.from("x")]));
          await failureOf(medium.begin("name", 10));
          expect(performance.now() - began).toBeLessThan(2000);
        }
      }
    });

    it("a server that is not there, or a container, is an error and no miss", async () => {
      const nowhere = mediumFor({ accountUrl: `http://127.0.0.1:${await freePort()}/${azuriteAccount.accountName}` });
      expect((await failureOf(nowhere.begin("name", 10))).message).toMatch(/ECONNREFUSED.*\n {2}hint: see that the/);
      const medium = mediumFor({ container: "nothing" });
      const works = [
        () => medium.begin("name", 10),
        () => medium.rest("name", 10, '"1"'),
        () => medium.write("name", [Buffer.from("x")]),
        () => medium.write("name", sourceOf(largeBytes)),
        () => medium.write("name", sourceOf(largeBytes), { absent: true }),
        () => medium.remove("name"),
        () => allOf(medium.list("")),
      ];
      for (const work of works)
        expect((await failureOf(work())).message).toMatch(/ContainerNotFound\)\n {2}hint: .*container create/);
    });

    it("a name that is too long is an error before anything is asked", async () => {
      const medium = mediumFor({ prefix: "p".repeat(500) });
      const name = "n".repeat(524);
      const error = await failureOf(medium.write(name, []));
      expect(error.message).toMatch(/its name has 1025 bytes\n {2}hint: 1024 are possible/);
      await failureOf(medium.begin(name, 10));
      expect(proxy.log).toEqual([]);
      expect(await medium.write(name.slice(1), [])).toBe(true);
    });

    it("a condition is not said to have failed by the writer's own blob", async () => {
      const medium = mediumFor();
      proxy.fault = inOrder("lose", "lose");
      expect(await medium.write("name", [Buffer.from("mine")], { absent: true })).toBe(true);
      const { tag } = (await medium.begin("name", 1))!;
      proxy.fault = inOrder("lose");
      expect(await medium.write("name", [Buffer.from("next")], { tag })).toBe(true);
      proxy.fault = inOrder("drop");
      expect(await medium.write("name", [Buffer.from("late")], { tag })).toBe(false);
      let lost = 0;
      proxy.fault = ({ url: path }) => (path.includes("comp=blocklist") && lost++ === 0 ? "lose" : undefined);
      expect(await medium.write("large", sourceOf(largeBytes), { absent: true })).toBe(true);
      const client = new ContainerClient(`${proxy.url}/${container}`, signer, { retryOptions: { retryDelayInMs: 1 } });
      const theirs = azureMedium({ client, prefix: randomUUID() });
      proxy.fault = inOrder("lose");
      expect(await theirs.write("name", [Buffer.from("mine")], { absent: true })).toBe(true);
      expect(await theirs.write("name", [Buffer.from("mine")], { absent: true })).toBe(false);
    });

    it("a server that is killed is an error, for who writes and for who reads", async () => {
      const azurite = await startAzurite();
      const own = await startProxy(azurite.url);
      await new ContainerClient(`${azurite.url}/results`, signer).create();
      const medium = mediumFor({ accountUrl: own.url, container: "results" });
      await medium.write("name", sourceOf(largeBytes));
      const stream = (await medium.rest("name", 10, (await medium.begin("name", 10))!.tag))!;
      const reading = stream[Symbol.asyncIterator]();
      await reading.next();
      let killed: Promise<void> | undefined;
      own.fault = async (request) => {
        if (isBlock(request)) await (killed ??= azurite.stop());
        return undefined;
      };
      expect((await failureOf(medium.write("other", sourceOf(largeBytes)))).message).toMatch(/^Cannot write azure:/);
      const toTheEnd = async (): Promise<void> => {
        while (!(await reading.next()).done);
      };
      expect((await failureOf(toTheEnd())).message).toMatch(/^Cannot read azure:/);
      expect((await failureOf(medium.begin("name", 10))).message).toMatch(/^Cannot read azure:/);
      await own.stop();
    });
  });
});
