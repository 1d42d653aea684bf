import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { ContainerClient, ContainerSASPermissions, generateBlobSASQueryParameters } from "@azure/storage-blob";
import { describe, expect, it } from "vitest";
import { openAzurePlace, signer } from "../../tests/fixtures/azure-place.ts";
import { failureOf, largeBytes, quick } from "../../tests/fixtures/object-media.ts";
import { azuriteAccount } from "../../tests/services/azurite.ts";
import { azureUrl } from "../../tests/services/services.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { metadataFor, put, read } from "../testing/storage-checks/check.ts";
import { storageSuite } from "../testing/storage-suite.ts";
import { type AzureStorageOptions, azureStorage } from "./azure.ts";
import { azureMedium } from "./azure/options.ts";

const { accountName, accountKey } = azuriteAccount;
const url = await azureUrl();

describe.skipIf(url === undefined)("With an Azurite", async () => {
  const { container, proxy, optionsFor } = await openAzurePlace(url);

  storageSuite({ describe, it }, "azureStorage()", () => {
    const options = optionsFor({ accountUrl: url! });
    return { storage: azureStorage(options), another: () => azureStorage(options) };
  });

  describe("azureStorage() makes", () => {
    async function requestsOf(work: () => unknown): Promise<string[]> {
      proxy.log.length = 0;
      await work();
      return proxy.log.map((request) => `${request.method} ${/comp=\w+|$/.exec(request.url)![0]}`.trim());
    }

    it("one request for each operation on a small record", async () => {
      const storage = azureStorage(optionsFor());
      await put(storage, "key", "content");
      expect(await requestsOf(() => read(storage, "key"))).toEqual(["GET"]);
      expect(await requestsOf(() => read(storage, "nothing"))).toEqual(["GET"]);
      expect(await requestsOf(() => storage.head("key"))).toEqual(["GET"]);
      expect(await requestsOf(() => put(storage, "key", "other"))).toEqual(["PUT"]);
      const record = metadataFor("key", "x");
      const absent = { ifAbsent: true };
      expect(await requestsOf(() => storage.put(record, [Buffer.from("x")], absent))).toEqual(["PUT"]);
      expect(await requestsOf(() => storage.delete("key"))).toHaveLength(2);
    });

    it("one more for the rest of a large record, and one for each block and their list", async () => {
      const storage = azureStorage(optionsFor());
      const blocks = ["PUT comp=block", "PUT comp=block", "PUT comp=block", "PUT comp=blocklist"];
      expect(await requestsOf(() => put(storage, "key", largeBytes))).toEqual(blocks);
      expect(await requestsOf(() => read(storage, "key"))).toEqual(["GET", "GET"]);
    });
  });

  describe("Rights to a container", () => {
    function sas(permissions: string): string {
      const expiresOn = new Date(Date.now() + 3_600_000);
      const rights = ContainerSASPermissions.parse(permissions);
      return generateBlobSASQueryParameters(
        { containerName: container, permissions: rights, expiresOn },
        signer,
      ).toString();
    }

    it("come from a connection string, a SAS or a client", async () => {
      const endpoint = `BlobEndpoint=${url}`;
      const prefix = randomUUID();
      const ways: AzureStorageOptions[] = [
        { container, connectionString: `AccountName=${accountName};AccountKey=${accountKey};${endpoint}` },
        { container, connectionString: `${endpoint};SharedAccessSignature=${sas("racwdl")}` },
        { container, accountUrl: url!, sasToken: `?${sas("racwdl")}` },
        { client: new ContainerClient(`${url}/${container}`, signer) },
        { client: new ContainerClient(`${url}/${container}?${sas("racwdl")}`) },
      ];
      for (const [i, way] of ways.entries()) {
        const storage = azureStorage({ ...way, prefix });
        expect(storage.location).toBe(`azure://devstoreaccount1/${container}/${prefix} at ${url}`);
        await put(storage, "key", `content ${i}`);
        expect(Buffer.from((await read(storage, "key"))!).toString()).toBe(`content ${i}`);
      }
    });

    it("that are wrong or too few are errors, and none of them shows a key or a signature", async () => {
      const wrong = Buffer.from("a key of somebody else").toString("base64");
      const reading = sas("r");
      const cases: AzureStorageOptions[] = [
        { container, accountUrl: proxy.url, credential: { accountName, accountKey: wrong } },
        { container, connectionString: `AccountName=${accountName};AccountKey=${wrong};BlobEndpoint=${proxy.url}` },
        { container, accountUrl: proxy.url, sasToken: reading },
        {
          client: new ContainerClient(`${proxy.url}/${container}?${reading}`, undefined, {
            retryOptions: { maxTries: 1 },
          }),
        },
      ];
      const signature = new URLSearchParams(reading).get("sig")!;
      for (const options of cases) {
        const medium = azureMedium({ ...options, prefix: randomUUID() }, quick);
        const error = await failureOf(medium.write("name", [Buffer.from("x")]));
        expect(error.message).toMatch(/\(403 \w+\)\n {2}hint: /);
        proxy.fault = () => "drop";
        const broken = await failureOf(medium.begin("name", 10));
        proxy.fault = () => undefined;
        for (const one of [error, broken, medium]) {
          const shown = inspect(one, { depth: 10, showHidden: true });
          for (const secret of [wrong, signature, encodeURIComponent(signature)]) expect(shown).not.toContain(secret);
        }
      }
    });
  });
});

describe("The options of azureStorage()", () => {
  const credential = { accountName: "account", accountKey: "a2V5" };
  const accountUrl = "https://account.blob.core.windows.net";

  it("are checked where they are written", () => {
    const cases: ReadonlyArray<readonly [object, RegExp]> = [
      [{ accountUrl, credential, container: undefined }, /container is no name/],
      [{ accountUrl, credential, container: "No" }, /container is no name/],
      [{ accountUrl, credential, kontainer: "x" }, /no option "kontainer"\n {2}hint: did you mean "container"/],
      [{ accountUrl, credential, prefix: ".." }, /prefix cannot/],
      [{ accountUrl, credential, retries: Number.NaN }, /retries cannot be NaN/],
      [{ accountUrl }, /nothing to sign requests with/],
      [{ accountUrl, credential, sasToken: "sig=secret-word" }, /several ways to sign/],
      [{ accountUrl: `${accountUrl}/?sig=secret-word`, sasToken: "x" }, /accountUrl is no address.*\n.*sasToken/],
      [{ credential }, /accountUrl is no address/],
      [{ accountUrl, credential: { accountName: "x" } }, /credential lacks/],
      [{ connectionString: "AccountKey=secret-word" }, /connectionString cannot be understood/],
      [{ connectionString: "AccountName=x;AccountKey=secret-word", accountUrl }, /several ways to sign/],
      [{ client: {} }, /client is no ContainerClient/],
      [{ client: new ContainerClient(`${accountUrl}/other`) }, /client and container exclude/],
      [{ connectionString: "{{ env.OXBOW_NOT_SET }}" }, /OXBOW_NOT_SET is not set/],
    ];
    for (const [options, message] of cases) {
      const make = (): unknown => azureStorage({ container: "results", ...options });
      expect(make).toThrow(ConfigurationError);
      expect(make).toThrow(message);
      expect(make).not.toThrow(/secret-word/);
    }
  });

  it("say where the records are, and how to get there again", () => {
    process.env["OXBOW_TEST_KEY"] = "a2V5";
    const reference = { accountName: "account", accountKey: "{{ env.OXBOW_TEST_KEY }}" };
    const options = { container: "results", prefix: "/a/b/", accountUrl, credential: reference };
    const storage = azureStorage(options);
    delete process.env["OXBOW_TEST_KEY"];
    expect(storage).toMatchObject({ kind: "azure", location: "azure://account/results/a/b" });
    const secrets = ["0.credential.accountKey"];
    expect(storage.configuration).toEqual({ type: "azure", args: [options], secrets });
    const usual = `DefaultEndpointsProtocol=https;AccountName=account;AccountKey=a2V5;EndpointSuffix=core.windows.net`;
    const byString = azureStorage({ container: "results", connectionString: usual });
    expect(byString.location).toBe("azure://account/results");
    expect(byString.configuration!.secrets).toEqual(["0.connectionString"]);
    expect(azureStorage({ container: "results", accountUrl, sasToken: "sig=x" }).configuration!.secrets).toEqual([
      "0.sasToken",
    ]);
    expect(azureStorage({ container: "results", connectionString: "UseDevelopmentStorage=true" }).location).toBe(
      "azure://devstoreaccount1/results at http://127.0.0.1:10000/devstoreaccount1",
    );
    expect(azureStorage({ client: new ContainerClient(`${accountUrl}/results`) })).toMatchObject({
      location: "azure://account/results",
      configuration: undefined,
    });
  });
});

describe("The package @azure/storage-blob", () => {
  it("is missed when the storage is made, with what to do", () => {
    const module = new URL("./azure.ts", import.meta.url).href;
    const script = `
      const Module = require("node:module");
      const original = Module._resolveFilename;
      Module._resolveFilename = (request, ...rest) => {
        if (request === "@azure/storage-blob") throw Object.assign(new Error("Cannot find it"), { code: "MODULE_NOT_FOUND" });
        return original(request, ...rest);
      };
      import(${JSON.stringify(module)}).then(({ azureStorage }) => {
        try { azureStorage({ container: "results", connectionString: "UseDevelopmentStorage=true" }); } catch (error) { console.log(error.code, error.hint); }
      });`;
    const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, "-e", script], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toBe("OXBOW_DRIVER_MISSING npm install @azure/storage-blob\n");
  });
});
