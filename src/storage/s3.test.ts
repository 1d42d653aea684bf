import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { inspect } from "node:util";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "../../tests/services/free-port.ts";
import { s3Of } from "../../tests/services/moto.ts";
import { noFaults } from "../../tests/services/s3/faults.ts";
import { S3TestServer } from "../../tests/services/s3-server.ts";
import { s3Url } from "../../tests/services/services.ts";
import type { ByteSource } from "../kernel/byte-source.ts";
import { LockError, RecordError, StorageError } from "../kernel/errors.ts";
import { memoryLocks } from "../locks/memory.ts";
import { listed, metadataFor, pattern } from "../testing/storage-checks/check.ts";
import { storageSuite } from "../testing/storage-suite.ts";
import { s3Storage, type S3StorageOptions } from "./s3.ts";
import type { RecordMetadata, Storage } from "./storage.ts";

const moduleUrl = new URL("./s3.ts", import.meta.url).href;
const kitUrl = new URL("../testing/storage-checks/check.ts", import.meta.url).href;
const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];
const mebibyte = 1024 * 1024;

function newRecord(
  key: string,
  content: string | Uint8Array,
  more: Partial<RecordMetadata> = {},
): [RecordMetadata, Uint8Array[]] {
  return [metadataFor(key, content, more), [Buffer.from(content)]];
}

/** So many bytes that nobody has in memory, and metadata that fit. */
function longRecord(key: string, mebibytes: number, more: Partial<RecordMetadata> = {}): [RecordMetadata, ByteSource] {
  const chunk = pattern(mebibyte, 7);
  const source = {
    size: mebibytes * mebibyte,
    async *chunks() {
      for (let i = 0; i < mebibytes; i += 1) yield chunk;
    },
  };
  const hash = createHash("sha256");
  for (let i = 0; i < mebibytes; i += 1) hash.update(chunk);
  return [metadataFor(key, "", { size: source.size, sha256: hash.digest("hex"), ...more }), source];
}

async function lengthOf(chunks: AsyncIterable<Uint8Array> | undefined): Promise<number> {
  let length = 0;
  for await (const chunk of chunks ?? []) length += chunk.byteLength;
  return length;
}

async function contentOf(storage: Storage, key: string): Promise<string | undefined> {
  const record = await storage.get(key);
  return record && Buffer.from(await record.bytes()).toString();
}

async function failureOf(work: () => unknown): Promise<Error> {
  return (await Promise.resolve()
    .then(work)
    .then(
      () => expect.fail("it has not failed"),
      (error: unknown) => error,
    )) as Error;
}

const url = await s3Url();

describe.skipIf(url === undefined)("On a server by others", () => {
  const place = s3Of(url ?? "http://none");
  const options = (): S3StorageOptions => ({ ...place, prefix: randomUUID(), conditionalWrites: "probe" });

  beforeEach(async () => {
    const client = new S3Client({ ...place, forcePathStyle: true });
    // It may be there already.
    await client.send(new CreateBucketCommand({ Bucket: place.bucket })).catch(() => undefined);
    client.destroy();
  });

  storageSuite({ describe, it }, "s3Storage()", () => {
    const given = options();
    return { storage: s3Storage(given), another: () => s3Storage(given) };
  });

  it("of 20 that write a record at once where there is none, one does, be it short or long", async () => {
    const given = options();
    const storages = Array.from({ length: 20 }, () => s3Storage(given));
    const short = await Promise.all(
      storages.map(async (one, i) => one.put(...newRecord("short", `${i}`), { ifAbsent: true })),
    );
    expect(short.filter(Boolean)).toHaveLength(1);
    // moto looks whether there is an object before it has read the body of the new one: of long ones that come at once, two may win.
    const racing = process.env["OXBOW_TEST_S3_URL"] === undefined ? 1 : 4;
    const long = await Promise.all(
      storages.slice(0, racing).map(async (one) => one.put(...longRecord("long", 12), { ifAbsent: true })),
    );
    expect(long.filter(Boolean)).toHaveLength(1);
    expect(await storages[1]!.put(...longRecord("long", 12), { ifAbsent: true })).toBe(false);
    expect(await lengthOf((await storages[0]!.get("long"))!.stream!())).toBe(12 * mebibyte);
    await Promise.all(storages.map((one) => one.close()));
  });

  it("a long record goes both ways, and does not replace one with a higher fencing token", async () => {
    const storage = s3Storage(options());
    expect(await storage.put(...longRecord("key", 20, { fence: 7 }))).toBe(true);
    await expect(storage.put(...longRecord("key", 12, { fence: 6 }))).rejects.toThrow(LockError);
    expect(await storage.put(...longRecord("key", 12, { fence: 8 }))).toBe(true);
    expect(await lengthOf((await storage.get("key"))!.stream!())).toBe(12 * mebibyte);
    expect(await storage.put(...newRecord("key", "short", { fence: 9 }))).toBe(true);
    expect(await contentOf(storage, "key")).toBe("short");
    await storage.close();
  });
});

describe("s3Storage()", async () => {
  const server = await S3TestServer.start();
  const { account } = server;
  let prefix: string;
  let storage: Storage;
  afterAll(() => server.stop());

  const open = (more: Partial<S3StorageOptions> = {}): Storage =>
    s3Storage({ bucket: "test", prefix, endpoint: server.url, credentials: account, timeout: "5s", ...more });

  beforeEach(() => {
    prefix = randomUUID();
    storage = open({ conditionalWrites: true });
  });

  afterEach(async () => {
    Object.assign(server.faults, noFaults);
    server.before = undefined;
    await storage.close();
    server.test.objects.clear();
    server.test.uploads.clear();
  });

  storageSuite({ describe, it }, "on the server of the tests", () => ({ storage: open(), another: () => open() }));

  describe("asks", () => {
    it("one thing for each operation", async () => {
      await storage.put(...newRecord("key", "content"));
      expect(await server.during(() => contentOf(storage, "key"))).toEqual(["GetObject"]);
      expect(await server.during(() => storage.get("nothing"))).toEqual(["GetObject"]);
      expect(await server.during(() => storage.head("key"))).toEqual(["GetObject"]);
      expect(await server.during(() => storage.put(...newRecord("key", "other")))).toEqual(["PutObject"]);
      const ifAbsent = { ifAbsent: true };
      expect(await server.during(() => storage.put(...newRecord("new", "x"), ifAbsent))).toEqual(["PutObject"]);
      expect(await server.during(() => storage.put(...newRecord("new", "x"), ifAbsent))).toEqual(["PutObject"]);
      expect(await server.during(() => storage.values.put("value", [Buffer.from("x")]))).toEqual(["PutObject"]);
      expect(await server.during(() => storage.values.get("value"))).toEqual(["GetObject"]);
    });

    it("a miss, and the write after it: two", async () => {
      const asked = await server.during(async () => {
        if ((await storage.get("key")) === undefined) await storage.put(...newRecord("key", "content"));
      });
      expect(asked).toEqual(["GetObject", "PutObject"]);
    });

    it("for an empty value two, as S3 has no range of nothing", async () => {
      await storage.values.put("empty", []);
      const asked = await server.during(async () => expect(await storage.values.get("empty")).toHaveLength(0));
      expect(asked).toEqual(["GetObject", "HeadObject"]);
    });

    it("for a long record as many as it has parts, and three; once what others have left", async () => {
      const write = (): unknown => storage.put(...longRecord("key", 20));
      const parts = ["CreateMultipartUpload", "UploadPart", "UploadPart", "UploadPart", "CompleteMultipartUpload"];
      expect((await server.during(write)).toSorted()).toEqual([...parts, "ListMultipartUploads"].toSorted());
      expect((await server.during(write)).toSorted()).toEqual(parts.toSorted());
    });

    it("a server that it does not know what it does with conditions, once, and leaves nothing there", async () => {
      const unknown = open();
      const write = (): unknown => unknown.put(...newRecord("key", "x"), { ifAbsent: true });
      expect(await server.during(write)).toEqual([
        "ListObjectsV2",
        ...["PutObject", "PutObject", "PutObject", "PutObject"],
        "DeleteObject",
        "PutObject",
      ]);
      expect(await server.during(write)).toEqual(["PutObject"]);
      expect(server.test.objects.size).toBe(1);
      await unknown.close();
    });
  });

  describe("where a server", () => {
    it("keeps conditions, lets one of 20 write, short or long", async () => {
      const storages = Array.from({ length: 20 }, () => open());
      for (const [metadata, payload] of [newRecord("short", "x"), longRecord("long", 9)]) {
        const wins = await Promise.all(storages.map(async (one) => one.put(metadata, payload, { ifAbsent: true })));
        expect(wins.filter(Boolean)).toHaveLength(1);
      }
      expect(server.test.uploads.size).toBe(0);
      await Promise.all(storages.map((one) => one.close()));
    }, 60_000);

    it.each(["ignored", "unknown"] as const)("has conditions %s, says so, or uses locks", async (conditions) => {
      server.faults.conditions = conditions;
      const without = open();
      const error = await failureOf(() => without.put(...newRecord("key", "x"), { ifAbsent: true }));
      expect(error).toMatchObject({ code: "OXBOW_LOCKS_MISSING" });
      expect(without.capabilities).toMatchObject({ putIfAbsent: false, fencing: false });
      expect(await without.put(...newRecord("key", "x", { fence: 3 }))).toBe(true);
      const locks = memoryLocks();
      const locked = open({ locks });
      expect(await locked.put(...newRecord("new", "x"), { ifAbsent: true })).toBe(true);
      expect(await locked.put(...newRecord("new", "y"), { ifAbsent: true })).toBe(false);
      expect(await contentOf(locked, "new")).toBe("x");
      await Promise.all([without.close(), locked.close()]);
    });

    it.each(["puts-only", "as-ceph"] as const)("keeps them %s, sends long records as a stream", async (conditions) => {
      server.faults.conditions = conditions;
      const given = open();
      const put = (): unknown => given.put(...longRecord("key", 10, { fence: 2 }));
      expect(await server.during(put)).toContain("CompleteMultipartUpload");
      expect(await server.during(put)).toEqual(["GetObject", "PutObject"]);
      await expect(given.put(...longRecord("key", 10, { fence: 1 }))).rejects.toThrow(LockError);
      expect(await given.put(...longRecord("key", 10), { ifAbsent: true })).toBe(false);
      server.faults.throttle = 1;
      expect(await given.put(...longRecord("new", 10), { ifAbsent: true })).toBe(true);
      expect(await lengthOf((await given.get("new"))!.stream!())).toBe(10 * mebibyte);
      await given.close();
    });

    it("has others at the same object, begins anew", async () => {
      server.faults.conflict = 2;
      expect(await storage.put(...newRecord("key", "x"), { ifAbsent: true })).toBe(true);
      server.faults.conflict = 1;
      expect(await storage.put(...longRecord("long", 9), { ifAbsent: true })).toBe(true);
      server.faults.conflict = 99;
      await expect(storage.put(...newRecord("new", "x"), { ifAbsent: true })).rejects.toThrow(/at the same time/);
    });

    it("has written and its answer got lost, knows its own write again", async () => {
      for (const [metadata, payload] of [newRecord("short", "mine"), longRecord("long", 9)]) {
        server.before = ({ operation }) => {
          if (/^(PutObject|Complete)/.test(operation)) [server.faults.loseAnswer, server.before] = [1, undefined];
        };
        expect(await storage.put(metadata, payload, { ifAbsent: true })).toBe(true);
        expect(await storage.put(metadata, payload, { ifAbsent: true })).toBe(false);
      }
      expect(server.test.uploads.size).toBe(0);
    });
  });

  describe("gives a StorageError", () => {
    it("where nobody listens", async () => {
      const nobody = open({ endpoint: `http://127.0.0.1:${await freePort()}`, retries: 1 });
      const record = newRecord("key", "x");
      for (const work of [() => nobody.get("key"), () => nobody.put(...record), () => nobody.delete("key")]) {
        const error = await failureOf(work);
        expect(error).toBeInstanceOf(StorageError);
        expect(error.message).toMatch(/^Cannot \w+ s3:\/\/test.*ECONNREFUSED[^]*hint: see that the service runs/);
      }
      await expect(listed(nobody.list())).rejects.toThrow(StorageError);
      await nobody.close();
    });

    it("where the server dies in the middle of a long record", async () => {
      const mortal = await S3TestServer.start();
      const lost = open({ endpoint: mortal.url, retries: 1 });
      mortal.before = ({ operation }) => {
        if (operation === "UploadPart") void mortal.stop();
      };
      const error = await failureOf(() => lost.put(...longRecord("key", 40)));
      expect(error).toBeInstanceOf(StorageError);
      expect(error.message).toMatch(/what was sent of it stays there for now/);
      await lost.close();
    });

    it("where it does not answer, after the time-out", async () => {
      const impatient = open({ timeout: "300ms" });
      server.faults.hang = true;
      const began = performance.now();
      const record = newRecord("key", "x");
      const works = [() => impatient.get("key"), () => impatient.put(...record), () => impatient.values.get("value")];
      for (const error of await Promise.all(works.map(failureOf))) {
        expect(error).toBeInstanceOf(StorageError);
        expect(error.message).toMatch(/no answer within 300 ms.*hint: .*`timeout`/s);
      }
      expect(performance.now() - began).toBeLessThan(3000);
      await impatient.close();
    });

    it.each([
      [
        "wrong secret",
        { credentials: { ...account, secretAccessKey: "another/secret" } },
        /SignatureDoesNotMatch.*hint: see that the credentials/s,
      ],
      [
        "unknown key",
        { credentials: { ...account, accessKeyId: "AKIAOTHER" } },
        /InvalidAccessKeyId.*hint: see that the credentials/s,
      ],
      ["missing bucket", { bucket: "other" }, /NoSuchBucket.*hint: make the bucket/s],
      ["wrong region", { region: "eu-north-1" }, /AuthorizationHeaderMalformed.*hint: see that the region/s],
    ] as const)("for the %s, and shows no credentials", async (_, more, text) => {
      const wrong = open(more);
      const record = newRecord("key", "x");
      const writing = (): unknown => wrong.put(...record, { ifAbsent: true });
      for (const work of [() => wrong.get("key"), writing, () => wrong.delete("key")]) {
        const error = await failureOf(work);
        expect(error).toBeInstanceOf(StorageError);
        expect(error.message).toMatch(text);
        const all = inspect(error, { depth: 20, showHidden: true });
        expect(all).not.toMatch(/oxbow\/test\+secret|another\/secret|AKIA|Signature=|AWS4-HMAC/);
      }
      await wrong.close();
    });

    it.each([
      ["deny", true, /AccessDenied.*hint: allow s3:GetObject/s],
      ["full", true, /507.*hint: the server has no room left/s],
      ["skewed", true, /RequestTimeTooSkewed.*hint: set the clock/s],
      ["throttle", 99, /SlowDown.*hint: the service is busy/s],
    ] as const)("where the server answers with %s", async (fault, value, text) => {
      Object.assign(server.faults, { [fault]: value });
      const given = open({ retries: 1, conditionalWrites: true });
      await expect(given.put(...newRecord("key", "x"))).rejects.toThrow(text);
      const error = await failureOf(() => given.put(...longRecord("long", 9)));
      expect(error).toBeInstanceOf(StorageError);
      expect(error.message).toMatch(text);
      Object.assign(server.faults, noFaults);
      expect(await storage.get("key")).toBeUndefined();
      expect(server.test.uploads.size).toBe(0);
      await given.close();
    });

    it("for a source that fails, or is not as long as it says, and nothing stays", async () => {
      const [metadata, source] = longRecord("key", 20);
      const failing = async function* (): AsyncGenerator<Uint8Array, void> {
        yield pattern(9 * mebibyte, 1);
        throw new Error("the disk is gone");
      };
      await expect(storage.put(metadata, { ...source, chunks: failing })).rejects.toThrow(StorageError);
      await expect(storage.put(metadata, { ...source, chunks: () => longRecord("", 19)[1].chunks() })).rejects.toThrow(
        StorageError,
      );
      server.faults.conditions = "puts-only";
      const given = open();
      await expect(given.put(metadata, { ...source, chunks: failing }, { ifAbsent: true })).rejects.toThrow(/source/);
      expect(server.test.uploads.size).toBe(0);
      expect(server.test.objects.size).toBe(0);
      await given.close();
    });

    it("for a key that S3 has no room for", async () => {
      const long = open({ prefix: "p".repeat(500) });
      await long.put(...newRecord("k".repeat(10_000), "x"));
      const error = await failureOf(() => long.files!.write(`${"f".repeat(200)}/`.repeat(4) + "f", []));
      expect(error).toBeInstanceOf(StorageError);
      await long.close();
    });
  });

  describe("gets over", () => {
    it("a server that is busy for a moment", async () => {
      server.faults.throttle = 2;
      await storage.put(...newRecord("key", "content"));
      server.faults.throttle = 2;
      expect(await contentOf(storage, "key")).toBe("content");
    });

    it("a server that was started anew", async () => {
      await storage.put(...newRecord("key", "content"));
      expect(server.connections).toBeGreaterThan(0);
      server.faults.loseAnswer = 1;
      expect(await contentOf(storage, "key")).toBe("content");
    });

    it("a clock that is an hour late", async () => {
      server.faults.skewMs = 3_600_000;
      await storage.put(...newRecord("key", "content"));
      expect(await contentOf(storage, "key")).toBe("content");
    });

    it("half an answer, whichever part of the object it is", async () => {
      await storage.put(...newRecord("short", "content"));
      await storage.put(...longRecord("long", 9));
      server.faults.cut = 2;
      expect(await contentOf(storage, "short")).toBe("content");
      const found = (await storage.get("long"))!;
      server.faults.cut = 2;
      expect(await lengthOf(found.stream!())).toBe(9 * mebibyte);
      const again = (await storage.get("long"))!;
      server.faults.cut = 999;
      await expect(again.bytes()).rejects.toThrow(StorageError);
    });
  });

  it("A record that is replaced while it is read is a RecordError, never a mixture", async () => {
    await storage.put(...longRecord("key", 9));
    const found = (await storage.get("key"))!;
    await storage.put(...newRecord("key", pattern(9 * mebibyte, 9)));
    await expect(lengthOf(found.stream!())).rejects.toThrow(RecordError);
    const another = (await storage.get("key"))!;
    await storage.delete("key");
    await expect(another.bytes()).rejects.toThrow(RecordError);
  });

  it("Who stops reading gives the connection back", async () => {
    await storage.put(...longRecord("key", 32));
    await storage.close();
    for (let i = 0; i < 5; i += 1) {
      for await (const _ of (await storage.get("key"))!.stream!()) break;
    }
    await expect.poll(() => server.connections).toBeLessThan(3);
    await storage.close();
    await expect.poll(() => server.connections).toBe(0);
  });

  it("What a dead process has sent of a long record is removed a day later, and no younger upload", async () => {
    const [old, young] = [server.test.begin(`${prefix}/old`, {}), server.test.begin(`${prefix}/young`, {})];
    const others = server.test.begin("elsewhere/old", {});
    for (const id of [old, others]) server.test.uploads.get(id)!.initiatedAt -= 25 * 3_600_000;
    await storage.put(...longRecord("key", 9));
    expect([...server.test.uploads.keys()].toSorted()).toEqual([young, others].toSorted());
  });

  it("A server that does not let anybody remove what is left does no harm", async () => {
    server.before = ({ operation }) => {
      server.faults.deny = operation.startsWith("List");
    };
    expect(await storage.put(...longRecord("key", 9))).toBe(true);
  });

  describe("In a process of its own", () => {
    let child: ChildProcess;

    function run(script: string, ...args: string[]): ChildProcess {
      const options = { bucket: "test", prefix, endpoint: server.url, credentials: account };
      const prelude = `
        const { s3Storage } = await import(${JSON.stringify(moduleUrl)});
        const { metadataFor } = await import(${JSON.stringify(kitUrl)});
        const storage = s3Storage(${JSON.stringify(options)});`;
      const all = [...flags, "--expose-gc", "--input-type=module", "-e", prelude + script, ...args];
      child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "inherit"] });
      return child;
    }

    it("a kill in the middle of a long record leaves none", async () => {
      server.before = ({ operation, query }) => {
        if (operation === "UploadPart" && query.get("partNumber") === "3") child.kill("SIGKILL");
      };
      const one = run(`
        const chunk = new Uint8Array(1048576);
        const source = { size: 64 * 1048576, async *chunks() { for (let i = 0; i < 64; i += 1) yield chunk; } };
        await storage.put({ ...metadataFor("key", ""), size: source.size }, source);`);
      expect((await once(one, "exit"))[1]).toBe("SIGKILL");
      expect(server.test.objects.size).toBe(0);
      expect(server.test.uploads.size).toBe(1);
      expect(await storage.get("key")).toBeUndefined();
    });

    it("128 MiB go both ways in little memory, and it ends though nobody has closed the storage", async () => {
      const one = run(
        `
        const size = 128 * 1048576;
        const chunk = new Uint8Array(1048576).map((_, i) => (i * 31 + (i >> 8) * 7 + 7) & 0xff);
        const source = {
          size,
          async *chunks() {
            for (let at = 0; at < size; at += 65536) yield new Uint8Array(chunk.subarray(at % 1048576, (at % 1048576) + 65536));
          },
        };
        await storage.put({ ...metadataFor("first", "x") }, [Buffer.from("x")]);
        await (await storage.get("first")).bytes();
        // What is in use, without what only waits to be collected.
        const inUse = () => { gc(); const { arrayBuffers, heapUsed } = process.memoryUsage(); return arrayBuffers + heapUsed; };
        const before = inUse();
        let most = 0;
        const timer = setInterval(() => { most = Math.max(most, inUse()); }, 10);
        await storage.put({ ...metadataFor("key", ""), size, sha256: process.argv[1] }, source);
        const written = most - before;
        most = 0;
        let length = 0;
        for await (const chunk of (await storage.get("key")).stream()) length += chunk.byteLength;
        clearInterval(timer);
        console.log(JSON.stringify({ length, written: written / 1048576, read: (most - before) / 1048576 }));`,
        longRecord("key", 128)[0].sha256,
      );
      const chunks: Buffer[] = [];
      one.stdout!.on("data", (chunk: Buffer) => chunks.push(chunk));
      expect((await once(one, "close"))[0]).toBe(0);
      const said = JSON.parse(Buffer.concat(chunks).toString()) as { length: number; written: number; read: number };
      expect(said.length).toBe(128 * mebibyte);
      // Half of it: parts on their way, and what a busy machine has not sent yet.
      expect(said.written).toBeLessThan(64);
      expect(said.read).toBeLessThan(64);
    });
  });

  describe("Options", () => {
    const wrong = (more: object): Error => {
      try {
        open(more);
      } catch (error) {
        return error as Error;
      }
      return expect.fail("it was taken");
    };

    it("that cannot be meant are refused at once, without showing what is secret", () => {
      expect(wrong({ bukcet: "x" }).message).toMatch(/no option "bukcet"[^]*did you mean "bucket"/);
      expect(wrong({ bucket: "" }).message).toMatch(/bucket has no name/);
      expect(wrong({ endpoint: "https://me:hidden@host" }).message).not.toMatch(/hidden/);
      expect(wrong({ endpoint: "host" }).message).toMatch(/not a URL/);
      expect(wrong({ credentials: { accessKeyId: "a" } }).message).toMatch(/incomplete/);
      expect(wrong({ conditionalWrites: "yes" }).message).toMatch(/true, false or "probe"/);
      expect(wrong({ checksums: "always" }).message).toMatch(/when-required/);
      expect(wrong({ timeout: "0s" }).message).toMatch(/timeout/);
      expect(wrong({ retries: -1 }).message).toMatch(/retries/);
      expect(wrong({ client: {} }).message).toMatch(/client/);
      expect(wrong({ prefix: "a/../b" }).message).toMatch(/prefix/);
    });

    it("may name environment variables; what is saved names them, too", async () => {
      process.env["S3_TEST_SECRET"] = account.secretAccessKey;
      const options = {
        bucket: "test",
        endpoint: server.url,
        credentials: { accessKeyId: account.accessKeyId, secretAccessKey: "{{ env.S3_TEST_SECRET }}" },
      };
      const named = s3Storage(options);
      expect(await named.get("key")).toBeUndefined();
      expect(named.configuration).toEqual({
        type: "s3",
        args: [options],
        secrets: ["0.credentials.accessKeyId", "0.credentials.secretAccessKey", "0.credentials.sessionToken"],
      });
      expect(named.location).toBe(`s3://test at ${server.url}`);
      await named.close();
    });

    it("may have a client of the caller's, which is never destroyed and has no configuration", async () => {
      const client = new S3Client({
        endpoint: server.url,
        region: "us-east-1",
        credentials: account,
        forcePathStyle: true,
      });
      const theirs = s3Storage({ bucket: "test", prefix, client });
      expect(await theirs.put(...newRecord("key", "x"), { ifAbsent: true })).toBe(true);
      expect(await theirs.put(...newRecord("key", "x"), { ifAbsent: true })).toBe(false);
      await theirs.put(...longRecord("long", 9));
      await theirs.close();
      expect(await contentOf(s3Storage({ bucket: "test", prefix, client }), "key")).toBe("x");
      expect(theirs.configuration).toBeUndefined();
      expect(theirs.location).toBe(s3Storage({ bucket: "test", prefix, client }).location);
      client.destroy();
    });

    it("say whether checksums are sent", async () => {
      const headers: string[] = [];
      server.before = (order) => headers.push(Object.keys(order.headers).join());
      for (const checksums of ["when-supported", "when-required"] as const) {
        const given = open({ checksums, conditionalWrites: true });
        await given.put(...newRecord("key", "x"));
        await given.put(...longRecord("long", 9));
        await given.close();
      }
      expect(headers.filter((names) => names.includes("x-amz-checksum-crc32"))).toHaveLength(3);
    });
  });
});
