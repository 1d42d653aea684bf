import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { complaints, findingsOf, newFolder, shiftedClock } from "../../../tests/fixtures/doctor.ts";
import { pgUrl, redisUrl } from "../../../tests/services/services.ts";
import { S3TestServer } from "../../../tests/services/s3-server.ts";
import { fileStorage } from "../../storage/file.ts";
import { postgresStorage } from "../../storage/postgres.ts";
import { redisStorage } from "../../storage/redis.ts";
import { s3Storage } from "../../storage/s3.ts";
import { clockSkew } from "./clock-skew.ts";

const redis = redisUrl();
const postgres = pgUrl();

it("servers whose clocks show the time of this machine pass; others are named by how much they differ", async (context) => {
  const [redisServer, pgServer] = [await redis, await postgres];
  if (redisServer === undefined || pgServer === undefined) return context.skip();
  const folder = newFolder();
  const storages = [redisStorage(redisServer), postgresStorage(pgServer), fileStorage(folder)];
  const settings = { database: { url: pgServer }, history: { enabled: true } };
  const found = await findingsOf(clockSkew, { storages, settings });
  expect(complaints(found)).toEqual([]);
  expect(found).toHaveLength(4);
  expect(readdirSync(folder).filter((name) => !name.startsWith("."))).toEqual([]);
  const behind = await findingsOf(clockSkew, { storages, clock: shiftedClock(60_000) });
  expect(behind.map(({ status }) => status)).toEqual(["warn", "warn", "warn"]);
  expect(behind[0]!.message).toMatch(/^Its clock is (60|59)\.\d s behind the one of this machine/);
  const ahead = await findingsOf(clockSkew, { storages, clock: shiftedClock(-20 * 60_000) });
  expect(ahead.map(({ status }) => status)).toEqual(["fail", "fail", "fail"]);
  expect(ahead[0]!.message).toContain("requests may be refused");
  await Promise.all(storages.map((each) => each.close()));
});

it("an object store shows its clock by what it says of an object, and a server that is down fails", async () => {
  const server = await S3TestServer.start();
  const { region, ...credentials } = server.account;
  const storages = [
    s3Storage({ bucket: "test", region, credentials, endpoint: server.url, forcePathStyle: true, retries: 0 }),
  ];
  expect((await findingsOf(clockSkew, { storages })).map(({ status }) => status)).toEqual(["pass"]);
  expect(server.requests.at(-1)).toBe("DeleteObject");
  const behind = await findingsOf(clockSkew, { storages, clock: shiftedClock(30_000) });
  expect(behind.map(({ status }) => status)).toEqual(["warn"]);
  await server.stop();
  expect((await findingsOf(clockSkew, { storages })).map(({ status }) => status)).toEqual(["fail"]);
  await storages[0]!.close();
});
