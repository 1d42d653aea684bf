import { spawnSync } from "node:child_process";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { Storage as GoogleStorage } from "@google-cloud/storage";
import { describe, expect, it } from "vitest";
import { openGcsPlace } from "../../tests/fixtures/gcs-place.ts";
import { allOf, failureOf, largeBytes, quick } from "../../tests/fixtures/object-media.ts";
import { freePort } from "../../tests/services/free-port.ts";
import { ConfigurationError, RecordError } from "../kernel/errors.ts";
import { metadataFor, put, read } from "../testing/storage-checks/check.ts";
import { storageSuite } from "../testing/storage-suite.ts";
import { gcsStorage } from "./gcs.ts";
import { gcsMedium } from "./gcs/options.ts";

const { server, optionsFor, mediumFor } = await openGcsPlace();

storageSuite({ describe, it }, "gcsStorage()", () => {
  const options = optionsFor();
  return { storage: gcsStorage(options), another: () => gcsStorage(options) };
});

describe("gcsStorage() makes", () => {
  async function requestsOf(work: () => unknown): Promise<string[]> {
    server.log.length = 0;
    await work();
    return server.log.map(({ method, url }) => `${method} ${/uploadType=\w+|alt=media|$/.exec(url)![0]}`.trim());
  }

  it("one request for each operation on a small record", async () => {
    const storage = gcsStorage(optionsFor());
    await put(storage, "key", "content");
    expect(await requestsOf(() => read(storage, "key"))).toEqual(["GET alt=media"]);
    expect(await requestsOf(() => read(storage, "nothing"))).toEqual(["GET alt=media"]);
    expect(await requestsOf(() => storage.head("key"))).toEqual(["GET alt=media"]);
    expect(await requestsOf(() => put(storage, "key", "other"))).toEqual(["POST uploadType=multipart"]);
    const record = metadataFor("key", "x");
    expect(await requestsOf(() => storage.put(record, [Buffer.from("x")], { ifAbsent: true }))).toEqual([
      "POST uploadType=multipart",
    ]);
    expect(await requestsOf(() => storage.delete("key"))).toHaveLength(2);
  });

  it("one more for the rest of a large record, and one for each part that it is written in", async () => {
    const storage = gcsStorage(optionsFor());
    const parts = ["POST uploadType=resumable", ...Array<string>(3).fill("PUT uploadType=resumable")];
    expect(await requestsOf(() => put(storage, "key", largeBytes))).toEqual(parts);
    expect(await requestsOf(() => read(storage, "key"))).toEqual(["GET alt=media", "GET alt=media"]);
  });

  it("one for each page of a list, which begins where it is asked to", async () => {
    const medium = mediumFor();
    for (let i = 0; i < 10; i += 1) await medium.write(`list/${i}`, [Buffer.from("x")]);
    server.pageSize = 4;
    const names = (after?: string): Promise<string[]> => allOf(medium.list("list/", after));
    expect(await requestsOf(() => names())).toHaveLength(3);
    expect(await requestsOf(() => names("list/7"))).toHaveLength(1);
    expect(await names("list/7")).toEqual(["list/8", "list/9"]);
    expect(await names("list/55")).toEqual(["list/6", "list/7", "list/8", "list/9"]);
    expect(await names()).toHaveLength(10);
  });
});

describe("The options of gcsStorage()", () => {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const credentials = { client_email: "someone@project.iam.gserviceaccount.com", private_key: privateKey };

  it("are checked where they are written", () => {
    const cases: ReadonlyArray<readonly [object, RegExp]> = [
      [{ bucket: "" }, /bucket is no name/],
      [{ bucket: "gs://results" }, /bucket is no name.*\n.*without gs:/],
      [{ bukket: "results" }, /no option "bukket"\n {2}hint: did you mean "bucket"/],
      [{ prefix: "a/../b" }, /prefix cannot/],
      [{ prefix: "a\nb" }, /prefix cannot/],
      [{ prefix: "x".repeat(600) }, /prefix cannot/],
      [{ timeout: "0s" }, /timeout cannot be nothing/],
      [{ timeout: 30 }, /timeout: 30 is not a duration/],
      [{ retries: -1 }, /retries cannot be -1/],
      [{ retries: 1.5 }, /retries cannot be 1.5/],
      [{ credentials: { client_email: "x" } }, /credentials lack/],
      [{ apiEndpoint: "https://user:secret-word@host" }, /apiEndpoint is no address/],
      [{ client: {} }, /client is no Storage/],
      [{ client: new GoogleStorage(), projectId: "x" }, /client and projectId exclude each other/],
      [{ bucket: "{{ env.OXBOW_NOT_SET }}" }, /OXBOW_NOT_SET is not set/],
    ];
    for (const [options, message] of cases) {
      const make = (): unknown => gcsStorage({ bucket: "results", ...options });
      expect(make).toThrow(ConfigurationError);
      expect(make).toThrow(message);
      expect(make).not.toThrow(/secret-word/);
    }
  });

  it("say where the records are, and how to get there again", () => {
    process.env["OXBOW_TEST_BUCKET"] = "from-env";
    const options = { bucket: "{{ env.OXBOW_TEST_BUCKET }}", prefix: "/a/b/", credentials };
    const storage = gcsStorage(options);
    delete process.env["OXBOW_TEST_BUCKET"];
    expect(storage).toMatchObject({ kind: "gcs", location: "gs://from-env/a/b" });
    expect(storage.configuration).toEqual({ type: "gcs", args: [options], secrets: ["0.credentials.private_key"] });
    expect(gcsStorage({ bucket: "results", apiEndpoint: "http://localhost:99/x/" }).location).toBe(
      "gs://results at http://localhost:99/x",
    );
  });

  it("take a client of the caller, which needs no configuration and is used for its address and credentials", async () => {
    const client = new GoogleStorage({ apiEndpoint: server.url, projectId: "test" });
    const storage = gcsStorage({ bucket: "results", prefix: randomUUID(), client });
    await put(storage, "key", "content");
    expect(Buffer.from((await read(storage, "key"))!).toString()).toBe("content");
    expect(storage.configuration).toBeUndefined();
    const signing = {
      apiEndpoint: server.url,
      makeAuthenticatedRequest: ((request: { headers: object }, { onAuthenticated }: any) =>
        onAuthenticated(null, { ...request, headers: { authorization: "Bearer token" } })) as never,
    };
    server.log.length = 0;
    const signed = gcsStorage({ bucket: "results", prefix: randomUUID(), client: signing });
    await put(signed, "key", largeBytes);
    expect(server.log.map(({ headers }) => headers.authorization)).toEqual(Array(4).fill("Bearer token"));
  });

  it("never show a key, however it fails", async () => {
    const refused = gcsMedium(
      optionsFor({ apiEndpoint: `https://127.0.0.1:${await freePort()}`, credentials, timeout: "5s" }),
      quick,
    );
    const broken = "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5IGF0IGFsbA==\n-----END PRIVATE KEY-----\n";
    const unusable = gcsMedium(
      optionsFor({ apiEndpoint: "https://127.0.0.1:1", credentials: { ...credentials, private_key: broken } }),
      quick,
    );
    for (const medium of [refused, unusable]) {
      const error = await failureOf(medium.begin("name", 10));
      const shown = inspect(error, { depth: 10, showHidden: true });
      expect(shown).not.toContain(privateKey.slice(100, 130));
      expect(shown).not.toContain("bm90IGEga2V5");
      expect(shown).not.toMatch(/assertion|Bearer/);
    }
    expect((await failureOf(unusable.begin("name", 10))).message).toMatch(/credentials cannot be used.*\n {2}hint: /);
  });

  it("are those of a storage that turns a broken object into a RecordError", async () => {
    const options = optionsFor();
    const storage = gcsStorage(options);
    await put(storage, "key", "content");
    server.objects.put("results", `${options.prefix}/records/key`, Buffer.from("something else"));
    await expect((async () => storage.get("key"))()).rejects.toThrow(RecordError);
  });
});

describe("The package @google-cloud/storage", () => {
  it("is missed when the storage is made, with what to do", () => {
    const module = new URL("./gcs.ts", import.meta.url).href;
    const script = `
      const Module = require("node:module");
      const original = Module._resolveFilename;
      Module._resolveFilename = (request, ...rest) => {
        if (request === "@google-cloud/storage") throw Object.assign(new Error("Cannot find it"), { code: "MODULE_NOT_FOUND" });
        return original(request, ...rest);
      };
      import(${JSON.stringify(module)}).then(({ gcsStorage }) => {
        try { gcsStorage({ bucket: "results" }); } catch (error) { console.log(error.code, error.hint); }
      });`;
    const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, "-e", script], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toBe("OXBOW_DRIVER_MISSING npm install @google-cloud/storage\n");
  });
});
