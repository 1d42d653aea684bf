import { Redis } from "ioredis";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startRedis } from "../../../tests/services/redis.ts";
import { redisUrl } from "../../../tests/services/services.ts";
import { openRedis, type RedisLink } from "../../io/redis.ts";
import { RedisMedium } from "./medium.ts";
import { shardOf } from "./shard.ts";

const url = await redisUrl();
const refusing = { subscribe: () => Promise.reject(new Error("NOPERM")), close: () => undefined };

describe.skipIf(url === undefined)("RedisMedium", () => {
  const looker = new Redis(url ?? "", { lazyConnect: true });
  let link: RedisLink;
  let medium: RedisMedium;
  let prefix: string;

  beforeEach(() => {
    prefix = `medium-${Math.random()}:`;
    const { hostname: host, port, username, password } = new URL(url!);
    link = openRedis({ host, port: Number(port), username, password, connectionName: prefix }, "redisLocks()", 5000);
    medium = new RedisMedium(link, prefix);
  });
  afterEach(() => medium.close());
  afterAll(() => looker.disconnect());

  const claim = (key: string, holder: string, leaseMs = 60_000) => medium.tryAcquire({ key, holder, leaseMs });
  const reserve = (key: string, waiter: string, reserveMs = 60_000) =>
    medium.tryAcquire({ key, holder: `holder of ${waiter}`, leaseMs: 60_000, waiter, reserveMs });
  const nameOf = (key: string, what: string): string => `${prefix}{${shardOf(key)}}:${what}:${key}`;
  /** As if a lease or a reservation had run out. */
  const expire = (key: string, what: string) => looker.pexpire(nameOf(key, what), 0);

  it("grants a free key, and nothing while that lasts", async () => {
    const grant = await claim("k", "a");
    expect(grant).toEqual({ holder: "a", token: expect.any(Number) });
    expect(await claim("k", "b")).toBeUndefined();
    expect(await claim("k", "a")).toBeUndefined();
    expect(await medium.look("k")).toEqual(grant);
    expect(await medium.look("another")).toBeUndefined();
  });

  it("lets a grant expire with its lease, by the server's clock, and leaves nothing of it", async () => {
    await claim("k", "a", 1500.5);
    expect(await looker.pttl(nameOf("k", "lock"))).toSatisfy((ms: number) => ms > 1000 && ms <= 1501);
    await expire("k", "lock");
    expect(await medium.look("k")).toBeUndefined();
    expect(await looker.keys(`${prefix}*:k`)).toEqual([]);
    expect(await claim("k", "b")).toMatchObject({ holder: "b" });
  });

  it("renews the current grant, and no other", async () => {
    const first = (await claim("k", "a", 1000))!;
    expect(await medium.renew("k", first.token, 90_000)).toBe(true);
    expect(await looker.pttl(nameOf("k", "lock"))).toBeGreaterThan(80_000);
    expect(await medium.renew("k", first.token - 1, 90_000)).toBe(false);
    await expire("k", "lock");
    expect(await medium.renew("k", first.token, 90_000)).toBe(false);
    expect(await medium.look("k")).toBeUndefined();
  });

  it("releases the current grant, and leaves the one of who has taken over", async () => {
    const first = (await claim("k", "a"))!;
    await expire("k", "lock");
    const second = (await claim("k", "b"))!;
    expect(second.token).toBeGreaterThan(first.token);
    expect(await medium.release("k", first.token)).toBe(false);
    expect(await medium.look("k")).toEqual(second);
    expect(await medium.release("k", second.token)).toBe(true);
    expect(await medium.release("k", second.token)).toBe(false);
    expect(await looker.keys(`${prefix}*:k`)).toEqual([]);
  });

  it("gives a greater token each time: after a loss of memory, and when the clock was set back", async () => {
    const first = (await claim("k", "a"))!;
    await looker.del(...(await looker.keys(`${prefix}*`)));
    const second = (await claim("k", "a"))!;
    expect(second.token).toBeGreaterThan(first.token);
    expect(Math.abs(second.token / 1000 - Date.now())).toBeLessThan(60_000);

    const future = (Date.now() + 3_600_000) * 1000;
    await looker.set(`${prefix}{${shardOf("k")}}:token`, String(future));
    await medium.release("k", second.token);
    const third = (await claim("k", "a"))!;
    expect(third.token).toBe(future + 1);
    expect(await medium.renew("k", third.token, 1000)).toBe(true);
    expect(await medium.release("k", third.token)).toBe(true);
  });

  it("grants each of many keys to one of many who ask at once", async () => {
    const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`);
    const claims = keys.flatMap((key) => ["a", "b", "c", "d"].map((holder) => claim(key, holder)));
    const grants = (await Promise.all(claims)).filter((grant) => grant !== undefined);
    expect(grants).toHaveLength(50);
  });

  it.each([
    ["a holder", "k", "a:b:1\0\u{1f600}"],
    ["no holder", "k", ""],
    ["NUL", "a\0b", "h"],
    ["emoji", "\u{1f600}", "h"],
    ["line ends and blanks", " \r\n\t", "h"],
    ["braces", "}{a}{}", "h"],
    ["10,000 characters", "\u{1f600}".repeat(5000), "h"],
  ])("takes %s", async (_, key, holder) => {
    const grant = (await claim(key, holder))!;
    expect(await claim(`${key} `, holder)).toBeDefined();
    expect(await medium.look(key)).toEqual({ holder, token: grant.token });
    expect(await medium.release(key, grant.token)).toBe(true);
    expect(await medium.look(`${key} `)).toBeDefined();
  });

  describe("reservations", () => {
    it("keep a key for their waiter, whose grant ends them", async () => {
      const first = (await claim("k", "a"))!;
      expect(await reserve("k", "w")).toBeUndefined();
      await medium.release("k", first.token);
      expect(await claim("k", "b")).toBeUndefined();
      expect(await reserve("k", "v")).toBeUndefined();
      const second = (await reserve("k", "w"))!;
      expect(second.holder).toBe("holder of w");
      await medium.release("k", second.token);
      expect(await claim("k", "b")).toBeDefined();
    });

    it("are not replaced while they last, and are extended by their waiter", async () => {
      await claim("k", "a");
      await reserve("k", "w", 1000);
      await reserve("k", "v", 90_000);
      expect(await looker.get(nameOf("k", "wait"))).toBe("w");
      expect(await looker.pttl(nameOf("k", "wait"))).toBeLessThanOrEqual(1000);
      await reserve("k", "w", 50_000);
      expect(await looker.pttl(nameOf("k", "wait"))).toBeGreaterThan(40_000);
    });

    it("end with their time", async () => {
      await claim("k", "a");
      await reserve("k", "w");
      await expire("k", "lock");
      expect(await claim("k", "b")).toBeUndefined();
      await expire("k", "wait");
      expect(await claim("k", "b")).toBeDefined();
      expect(await reserve("k", "v")).toBeUndefined();
      expect(await looker.get(nameOf("k", "wait"))).toBe("v");
    });

    it("are not made by who gets the key at once", async () => {
      expect(await reserve("k", "w")).toBeDefined();
      expect(await looker.exists(nameOf("k", "wait"))).toBe(0);
    });
  });

  describe("subscribe", () => {
    const woken = async (key: string): Promise<{ count: number; stop: () => void }> => {
      const ear = { count: 0, stop: () => {} };
      ear.stop = await medium.subscribe!(key, () => (ear.count += 1));
      // Its own beginning wakes, too: something may have been missed before.
      ear.count = 0;
      return ear;
    };

    it("wakes who waits for the key that was released, and nobody else", async () => {
      const [one, two, other] = [await woken("k"), await woken("k"), await woken("other")];
      await medium.release("k", (await claim("k", "a"))!.token);
      await expect.poll(() => [one.count, two.count]).toEqual([1, 1]);
      one.stop();
      await medium.release("k", (await claim("k", "a"))!.token);
      await expect.poll(() => two.count).toBe(2);
      expect([one.count, other.count]).toEqual([1, 0]);
      two.stop();
      other.stop();
      await expect.poll(() => looker.pubsub("CHANNELS", `${prefix}*`)).toEqual([]);
    });

    it("wakes again after its connection was lost and is back", async () => {
      const ear = await woken("k");
      const clients = String(await looker.client("LIST", "TYPE", "PUBSUB"));
      const mine = clients.split("\n").filter((line) => line.includes(`name=${prefix}`));
      expect(mine).toHaveLength(1);
      await looker.client("KILL", "ID", /^id=(\d+)/.exec(mine[0]!)![1]!);
      await expect.poll(() => ear.count, { timeout: 5000 }).toBeGreaterThan(0);
      ear.count = 0;
      await medium.release("k", (await claim("k", "a"))!.token);
      await expect.poll(() => ear.count).toBe(1);
    });

    it("costs the wake-ups alone where the server refuses to be listened to", async () => {
      const quiet = new RedisMedium({ ...link, channels: refusing }, prefix);
      const stop = await quiet.subscribe!("k", () => undefined);
      stop();
      expect(await quiet.tryAcquire({ key: "k", holder: "a", leaseMs: 1000 })).toBeDefined();
    });
  });

  it("makes itself known again to a server that has forgotten the scripts", async () => {
    // All others would notice.
    const server = await startRedis();
    const alone = new RedisMedium(openRedis(server.url, "redisLocks()", 5000), prefix);
    const admin = new Redis(server.url);
    try {
      for (const key of ["a", "b"]) {
        const grant = await alone.tryAcquire({ key, holder: "h", leaseMs: 60_000 });
        expect(await alone.release(key, grant!.token)).toBe(true);
        await admin.script("FLUSH");
      }
    } finally {
      admin.disconnect();
      await alone.close();
      await server.stop();
    }
  });

  it("may be used again after it was closed", async () => {
    const { token } = (await claim("k", "a"))!;
    await medium.close();
    expect(await medium.release("k", token)).toBe(true);
  });
});

describe("shardOf()", () => {
  it("gives the same number for ever", () => {
    expect(["", "a", "b", "a key", "\u{1f600}"].map(shardOf)).toEqual([5, 44, 37, 3, 56]);
  });

  it("spreads keys over all 64", () => {
    expect(new Set(Array.from({ length: 2000 }, (_, index) => shardOf(`key ${index}`))).size).toBe(64);
  });
});
