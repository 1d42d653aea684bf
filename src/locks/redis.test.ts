import { spawn } from "node:child_process";
import { once } from "node:events";
import { Cluster, Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "../../tests/services/free-port.ts";
import { startRedis } from "../../tests/services/redis.ts";
import { redisUrl } from "../../tests/services/services.ts";
import type { LockError } from "../kernel/errors.ts";
import { lockSuite } from "../testing/lock-suite.ts";
import type { LockOptions } from "./lease-locks.ts";
import type { LockManager } from "./lock-manager.ts";
import { type RedisLocksOptions, redisLocks } from "./redis.ts";

const url = await redisUrl();
const here = url === undefined ? "" : url;

let prefix: string;
const opened: LockManager[] = [];
const clients: Array<Redis | Cluster> = [];
const servers: Array<{ stop(): Promise<void> }> = [];

beforeEach(() => {
  prefix = `locks-${Math.random()}:`;
});
afterEach(async () => {
  for (const locks of opened.splice(0)) await Promise.resolve(locks.close()).catch(() => undefined);
  for (const client of clients.splice(0)) client.disconnect();
  for (const server of servers.splice(0)) await server.stop();
});

function open(server: Parameters<typeof redisLocks>[0] = here, options: RedisLocksOptions = {}): LockManager {
  const locks = redisLocks(server, { prefix, ...options });
  opened.push(locks);
  return locks;
}

function client(of: string = here, options: object = {}): Redis {
  const one = new Redis(of, options);
  clients.push(one);
  return one;
}

async function serverOfMyOwn(settings: readonly string[] = []): Promise<Awaited<ReturnType<typeof startRedis>>> {
  const server = await startRedis(undefined, settings);
  servers.push(server);
  return server;
}

/** Nodes of a cluster talk to each other on the port that is 10,000 above. */
async function portBelow(limit: number): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port < limit) return port;
  }
}

/** The commands that clients send while something is done: those of a script are the server's own. */
async function commandsDuring(work: () => Promise<unknown>): Promise<string[]> {
  const monitor = await client().monitor();
  clients.push(monitor);
  const seen: string[] = [];
  monitor.on("monitor", (_time: string, [name, ...args]: string[], source: string) => {
    if (source !== "lua" && args.some((arg) => arg.startsWith(prefix))) seen.push(name!.toUpperCase());
  });
  await work();
  const end = client();
  await end.get(`${prefix}end`);
  await expect.poll(() => seen).toContain("GET");
  return seen.slice(0, seen.indexOf("GET"));
}

const describeWithServer = url === undefined ? describe.skip : describe;
let places = 0;
lockSuite({ describe: describeWithServer, it }, "redisLocks()", (options) => {
  const own = `suite-${process.pid}-${(places += 1)}:`;
  const openOne = (each: LockOptions): LockManager => redisLocks(here, { ...each, prefix: own });
  return { locks: openOne(options), another: () => openOne({ lease: options.lease }) };
});

it("redisLocks() refuses a time limit that is none", () => {
  expect(() => redisLocks("redis://h", { commandTimeout: "soon" as "1s" })).toThrow("redisLocks(): commandTimeout");
});

describeWithServer("redisLocks(), beyond what every lock manager promises,", () => {
  it("takes one command to acquire and one to release, waking included", async () => {
    const locks = open();
    await (await locks.acquire("first", "a"))!.release();
    const commands = await commandsDuring(async () => {
      const lease = (await locks.acquire("k", "a"))!;
      expect(await lease.release()).toBe(true);
    });
    expect(commands).toEqual(["EVALSHA", "EVALSHA"]);
  });

  it("wakes a waiter of another process at once", async () => {
    const [one, other] = [open(), open()];
    const lease = (await one.acquire("k", "a"))!;
    const commands = await commandsDuring(async () => {
      const waiting = other.acquire("k", "b");
      await expect.poll(() => client().pubsub("CHANNELS", `${prefix}*`)).toHaveLength(1);
      await lease.release();
      expect((await waiting)!.token).toBeGreaterThan(lease.token);
    });
    expect(commands).toContain("SUBSCRIBE");
  });

  it("gives the lock of a process that was killed to the next one, after its lease", async () => {
    const script = `
      const { redisLocks } = await import(${JSON.stringify(new URL("redis.ts", import.meta.url).href)});
      const locks = redisLocks(${JSON.stringify(url)}, { prefix: ${JSON.stringify(prefix)}, lease: "600ms" });
      const lease = await locks.acquire("k", "a");
      console.log(lease.token);
      setInterval(() => undefined, 1000);`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = (await once(holder.stdout, "data")) as [Buffer];
    const locks = open();
    // For longer than its lease: its heartbeat keeps it.
    expect(await locks.acquire("k", "b", { timeout: "900ms" })).toBeUndefined();
    holder.kill("SIGKILL");
    const killedAt = performance.now();
    const lease = (await locks.acquire("k", "b", { timeout: "10s" }))!;
    expect(performance.now() - killedAt).toBeLessThan(2000);
    expect(lease.token).toBeGreaterThan(Number(said.toString()));
  });

  it("uses a client of ioredis that the caller made, with its key prefix, and never closes it", async () => {
    const mine = client(here, { keyPrefix: "mine:" });
    const [one, other] = [open(mine), open(mine)];
    const lease = (await one.acquire("k", "a"))!;
    expect(await client().keys(`mine:${prefix}*lock*`)).toHaveLength(1);
    const waiting = other.acquire("k", "b");
    await expect.poll(() => client().pubsub("CHANNELS", `${prefix}*`)).toHaveLength(1);
    await lease.release();
    expect((await waiting)!.holder).toBe("b");
    await one.close();
    await other.close();
    expect(await mine.ping()).toBe("PONG");
  });

  it("uses a client that has sendCommand() alone; it then looks by itself", async () => {
    const real = client();
    const mine = { sendCommand: ([name, ...args]: string[]) => real.call(name!, ...args) };
    const locks = open(mine);
    expect(locks.location).toMatch(/^redis \(client \d+\)/);
    const lease = (await locks.acquire("k", "a"))!;
    const waiting = open(mine).acquire("k", "b");
    await lease.release();
    expect((await waiting)!.holder).toBe("b");
  });

  it("works in a Redis Cluster, whatever the key", async () => {
    const port = await portBelow(55_536);
    servers.push(await startRedis(port, ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]));
    const node = client(`redis://127.0.0.1:${port}`);
    await node.cluster("ADDSLOTS", ...Array.from({ length: 16_384 }, (_, slot) => slot));
    await expect
      .poll(async () => String(await node.cluster("INFO")), { timeout: 10_000 })
      .toContain("cluster_state:ok");
    const cluster = new Cluster([{ host: "127.0.0.1", port }]);
    clients.push(cluster);
    for (const name of ["", "{app}:", "}{"]) {
      const locks = open(cluster, { prefix: name });
      expect(locks.location).toMatch(/^redis cluster \(client \d+\)/);
      for (const key of ["k", "}", "{}", "{", "a}b{c", "\0"]) {
        const lease = (await locks.acquire(key, "a"))!;
        expect(await open(cluster, { prefix: name }).acquire(key, "b", { timeout: 0 })).toBeUndefined();
        expect(await lease.release()).toBe(true);
      }
    }
  });

  describe("when the server fails", () => {
    const failure = async (work: Promise<unknown>): Promise<LockError> => {
      const started = performance.now();
      const error = await work.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(performance.now() - started).toBeLessThan(2500);
      expect(error).toMatchObject({ name: "LockError", code: "OXBOW_LOCK_FAILED" });
      return error as LockError;
    };

    it("says so within the time limit where the server is frozen, and gives back what is granted too late", async () => {
      const server = await serverOfMyOwn();
      const locks = open(server.url, { commandTimeout: "500ms" });
      const lease = (await locks.acquire("held", "a"))!;
      process.kill(server.pid, "SIGSTOP");
      const [late] = await Promise.all([
        failure(locks.acquire("k", "a") as Promise<unknown>),
        failure(lease.release() as Promise<unknown>),
        failure(locks.isLocked("k") as Promise<unknown>),
      ]);
      expect(late.message).toContain(`${server.url} has not answered within 500 ms`);
      await failure(locks.acquire("k", "b") as Promise<unknown>);
      process.kill(server.pid, "SIGCONT");
      const other = open(server.url);
      await expect.poll(() => other.isLocked("k")).toBe(false);
      expect((await locks.acquire("k", "c"))!.holder).toBe("c");
    });

    it("says so where the server is gone, and works again when it is back", async () => {
      const server = await serverOfMyOwn();
      const locks = open(server.url, { commandTimeout: "500ms" });
      expect(await locks.acquire("k", "a")).toBeDefined();
      process.kill(server.pid, "SIGKILL");
      const gone = await failure(locks.acquire("k2", "a") as Promise<unknown>);
      expect(gone.message).toContain(server.url);
      expect((await failure(locks.acquire("k2", "a") as Promise<unknown>)).message).toContain("ECONNREFUSED");
      await server.stop();
      servers.push(await startRedis(Number(new URL(server.url).port)));
      expect(await locks.acquire("k2", "a")).toBeDefined();
    });

    it("waits for a server that is started anew", async () => {
      const server = await serverOfMyOwn();
      const locks = open(server.url);
      await locks.isLocked("k");
      process.kill(server.pid, "SIGKILL");
      await server.stop();
      const waiting = locks.isLocked("k");
      servers.push(await startRedis(Number(new URL(server.url).port)));
      expect(await waiting).toBe(false);
    });

    it("says so where a client of the caller's own keeps commands back, and gives back what is granted too late", async () => {
      const server = await serverOfMyOwn();
      const mine = client(server.url);
      await mine.ping();
      mine.on("error", () => undefined);
      const locks = open(mine, { commandTimeout: "500ms" });
      process.kill(server.pid, "SIGKILL");
      await server.stop();
      await failure(locks.acquire("k", "a") as Promise<unknown>);
      servers.push(await startRedis(Number(new URL(server.url).port)));
      await mine.ping();
      await expect.poll(() => locks.isLocked("k")).toBe(false);
    });

    it("says at once that the password is wrong, and never shows it", async () => {
      const server = await serverOfMyOwn(["--requirepass", "right"]);
      const { host } = new URL(server.url);
      const error = await failure(open(`redis://:secret@${host}`).acquire("k", "a") as Promise<unknown>);
      expect(error.message).toContain("WRONGPASS");
      expect(error.message).not.toContain("secret");
      expect(await open(`redis://:right@${host}/2`).acquire("k", "a")).toBeDefined();
    });
  });
});
