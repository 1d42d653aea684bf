import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { pgUrl } from "../../../tests/services/services.ts";
import { Listener } from "./listener.ts";

const url = await pgUrl();
const short = { retry: 30, patience: 100, linger: 30 };

describe.skipIf(url === undefined)("Listener", () => {
  const pool = new pg.Pool({ connectionString: url });
  let name: string;
  let channel: string;
  let listener: Listener;

  beforeEach(() => {
    name = `listener ${randomUUID()}`;
    channel = `channel_${randomUUID().replaceAll("-", "")}`;
    listener = new Listener(() => new pg.Client({ connectionString: url, application_name: name }), channel, short);
  });
  afterEach(() => listener.close());
  afterAll(() => pool.end());

  const notify = (message: string): Promise<unknown> => pool.query("SELECT pg_notify($1, $2)", [channel, message]);

  async function connections(): Promise<number> {
    return (await pool.query("SELECT 1 FROM pg_stat_activity WHERE application_name = $1", [name])).rowCount!;
  }

  async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
    while (!(await condition())) await sleep(5);
  }

  it("tells those who listen to a subject, as long as they listen", async () => {
    const heard: string[] = [];
    const ends = [
      await listener.listen("a", (rest) => heard.push(`first ${rest}`)),
      await listener.listen("a", (rest) => heard.push(`second ${rest}`)),
      await listener.listen("b", (rest) => heard.push(`b ${rest}`)),
    ];
    expect(await connections()).toBe(1);
    for (const message of ["a", "c", "b x y", "ab"]) await notify(message);
    await until(() => heard.length === 3);
    ends[0]!();
    ends[0]!();
    await notify("a z");
    await until(() => heard.length === 4);
    expect(heard).toEqual(["first ", "second ", "b x y", "second z"]);
  });

  it("ends its connection when nobody has listened for a while, and makes another one", async () => {
    (await listener.listen("a", () => undefined))();
    const end = await listener.listen("a", () => undefined);
    await sleep(40);
    expect(await connections()).toBe(1);
    end();
    await until(async () => (await connections()) === 0);
    const heard = new Promise((resolve) => void listener.listen("a", resolve).then(() => notify("a x")));
    expect(await heard).toBe("x");
  });

  it("wakes all when the connection breaks, and listens again", async () => {
    const heard: string[] = [];
    await listener.listen("a", (rest) => heard.push(rest));
    await pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", [name]);
    await until(() => heard.length === 2);
    await notify("a x");
    await until(() => heard.length === 3);
    expect(heard).toEqual(["", "", "x"]);
  });

  it("does without where it cannot connect, and finds it out in time", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    for (const port of [1, (silent.address() as AddressInfo).port]) {
      const client = (): pg.Client => new pg.Client({ host: "127.0.0.1", port, connectionTimeoutMillis: 300 });
      const deaf = new Listener(client, channel, short);
      const began = performance.now();
      const ends = [await deaf.listen("a", () => undefined), await deaf.listen("a", () => undefined)];
      expect(performance.now() - began).toBeLessThan(1000);
      for (const end of ends) end();
      await deaf.close();
    }
    silent.close();
  });
});
