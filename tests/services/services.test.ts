import { ContainerClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { Storage } from "@google-cloud/storage";
import { Redis } from "ioredis";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { azuriteAccount } from "./azurite.ts";
import { azureUrl, gcsUrl, pgUrl, redisUrl } from "./services.ts";

const [pg, redis, azure, gcs] = await Promise.all([pgUrl(), redisUrl(), azureUrl(), gcsUrl()]);

describe.skipIf(pg === undefined)("the PostgreSQL of the tests", () => {
  it("is a real one, with room for many connections", async () => {
    const client = new Client(pg);
    await client.connect();
    const { rows } = await client.query(
      "SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby",
    );
    await client.end();
    expect(rows).toEqual([{ version: expect.any(Number), standby: false }]);
  });
});

describe.skipIf(redis === undefined)("the Redis of the tests", () => {
  it("is a real one", async () => {
    const client = new Redis(redis!);
    expect(await client.info("server")).toMatch(/redis_version:\d/);
    client.disconnect();
  });
});

describe.skipIf(azure === undefined)("the Azure Blob Storage of the tests", () => {
  it("keeps conditions", async () => {
    const { accountName, accountKey } = azuriteAccount;
    const signer = new StorageSharedKeyCredential(accountName, accountKey);
    const container = new ContainerClient(`${azure}/services-test`, signer);
    await container.createIfNotExists();
    const blob = container.getBlockBlobClient("blob");
    await blob.upload("first", 5);
    await expect(blob.upload("second", 6, { conditions: { ifNoneMatch: "*" } })).rejects.toMatchObject({
      statusCode: 409,
    });
    await container.delete();
  });
});

describe.skipIf(gcs === undefined)("the Google Cloud Storage of the tests", () => {
  it("is one for Google's own client, too", async () => {
    const bucket = new Storage({ apiEndpoint: gcs!, projectId: "test" }).bucket("results");
    const file = bucket.file("services test/small");
    await file.save("first", { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } });
    await expect(
      file.save("x", { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } }),
    ).rejects.toMatchObject({
      code: 412,
    });
    const large = Buffer.alloc(600_000, "large");
    await bucket.file("services test/large").save(large, { resumable: true });
    const [[small], [found], [files]] = await Promise.all([
      file.download(),
      bucket.file("services test/large").download(),
      bucket.getFiles({ prefix: "services test/" }),
    ]);
    expect(small.toString()).toBe("first");
    expect(found.equals(large)).toBe(true);
    expect(files.map(({ name, metadata }) => [name, Number(metadata.size)])).toEqual([
      ["services test/large", 600_000],
      ["services test/small", 5],
    ]);
    for (const one of files) await one.delete();
    await expect(file.download()).rejects.toMatchObject({ code: 404 });
  });
});
