import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { complaints, findingsOf } from "../../../tests/fixtures/doctor.ts";
import { freePort } from "../../../tests/services/free-port.ts";
import { deleteBlock, saveBlock } from "../../defaults/blocks.ts";
import { redisStorage } from "../../storage/redis.ts";
import { s3Storage } from "../../storage/s3.ts";
import { TestClock } from "../../testing/test-clock.ts";
import { whyUnreachable } from "../reach.ts";
import { endpoints } from "./endpoints.ts";

const listener = createServer((socket) => socket.end());
let open: string;
let closed: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  open = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  closed = `127.0.0.1:${await freePort()}`;
});
afterAll(() => listener.close());

const history = { enabled: true };

it("addresses where somebody listens pass", async () => {
  const reference = await saveBlock("open", redisStorage(`redis://${open}`));
  const found = await findingsOf(endpoints, { settings: { database: { url: `postgres://me:pw@${open}/x` }, history } });
  expect(found.map(({ status, subject, message }) => `${status} ${subject}: ${message}`)).toEqual([
    `pass database.url: ${open} can be reached`,
    `pass ${reference}: ${open} can be reached`,
  ]);
  await deleteBlock(reference);
});

it("a URL of an API is named as one that nobody reads", async () => {
  const found = await findingsOf(endpoints, { machine: { env: { OXBOW_API_URL: `http://${closed}/api` } } });
  expect(complaints(found)).toEqual([
    expect.stringMatching(/^warn OXBOW_API_URL: .*it is not read.*nobody is reached there \(ECONNREFUSED\)$/),
  ]);
  const other = await findingsOf(endpoints, { machine: { env: { OXBOW_API_URL: `http://${open}/api` } } });
  expect(complaints(other)[0]).toContain("it is not read");
});

it("a database where nobody listens fails; a block that is not the default one is a warning", async () => {
  const reference = await saveBlock(
    "shut",
    s3Storage({ bucket: "b", region: "us-east-1", endpoint: `http://${closed}` }),
  );
  const settings = { database: { url: `postgres://me:hunter2@${closed}/x` }, history };
  const found = await findingsOf(endpoints, { settings });
  expect(complaints(found)).toEqual([
    `fail database.url: Nobody is reached at ${closed} (ECONNREFUSED)`,
    `warn ${reference}: Nobody is reached at ${closed} (ECONNREFUSED)`,
  ]);
  expect(JSON.stringify(found)).not.toContain("hunter2");
  const used = await findingsOf(endpoints, { settings: { results: { defaultStorageBlock: reference } } });
  expect(complaints(used)[0]).toContain(`fail ${reference}`);
  await deleteBlock(reference);
});

it("a server that does not answer is given up after a time", async () => {
  // Nobody routes this (RFC 5737).
  const clock = new TestClock();
  const why = whyUnreachable({ host: "192.0.2.1", port: 1 }, clock);
  await clock.advance(5000);
  expect(await why).toMatch(/no answer within 5 s|E[A-Z]+/);
});
