import { Redis } from "ioredis";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { pgUrl, redisUrl } from "./services.ts";

const [pg, redis] = await Promise.all([pgUrl(), redisUrl()]);

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
