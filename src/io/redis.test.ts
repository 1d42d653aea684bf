import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Cluster, Redis, type RedisOptions as IoredisOptions } from "ioredis";
import { afterEach, describe, expect, it } from "vitest";
import { freePort } from "../../tests/services/free-port.ts";
import { redisUrl } from "../../tests/services/services.ts";
import { openRedis, type RedisClient, type RedisLink, type RedisOptions } from "./redis.ts";

const root = join(import.meta.dirname, "..", "..");
const url = await redisUrl();
const links: RedisLink[] = [];

function open(server: string | RedisOptions | RedisClient, timeoutMs = 5000): RedisLink {
  const link = openRedis(server, "redisLocks()", timeoutMs);
  links.push(link);
  return link;
}

afterEach(async () => {
  for (const link of links.splice(0)) await link.close();
});

/** Lets a server listen. */
async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** The way to the server of the tests through a proxy. */
async function throughProxy(proxy: Server): Promise<string> {
  return Object.assign(new URL(url!), { host: `127.0.0.1:${await portOf(proxy)}` }).href;
}

/** Joins a connection to the server of the tests. */
function forward(socket: Socket): void {
  const { hostname, port } = new URL(url!);
  const server = connect(Number(port), hostname);
  socket.pipe(server).pipe(socket);
  for (const end of [socket, server])
    end.on("error", () => undefined).on("close", () => (socket.destroy(), server.destroy()));
}

function runScript(
  script: string,
  cwd = root,
): { readonly stdout: string; readonly stderr: string; readonly status: number | null } {
  return spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", cwd, timeout: 20_000 });
}

describe("openRedis()", () => {
  const idle = { lazyConnect: true };
  it.for<[string | RedisOptions | RedisClient, string]>([
    ["redis://example.org", "redis://example.org"],
    ["redis://user:secret@example.org:7000/3?password=secret#secret", "redis://example.org:7000/3"],
    ["rediss://:secret@[::1]:7000", "rediss://[::1]:7000"],
    // A password with a slash in it ends the address for whoever reads the URL.
    ["redis://user:12/secret@example.org", "redis://user:12"],
    [{}, "redis://127.0.0.1:6379"],
    [{ host: "example.org", keepAlive: 1 } satisfies IoredisOptions as IoredisOptions, "redis://example.org:6379"],
    [{ host: "::1", port: 1, db: 2, password: "secret", tls: {} }, "rediss://[::1]:1/2"],
    [{ path: "/run/redis.sock", db: 1 }, "redis+unix:///run/redis.sock?db=1"],
    [
      {
        sentinels: [
          { host: "a", port: 1 },
          { host: "b", port: 2 },
        ],
        name: "main",
      },
      "redis+sentinel://a:1,b:2/main",
    ],
    [new Redis("redis://:secret@example.org:7000/3", idle), "redis://example.org:7000/3"],
    [
      { sendCommand: async () => 1, options: { url: "redis://:secret@example.org:1/2" } } as RedisClient,
      "redis://example.org:1/2",
    ],
    [
      { sendCommand: async () => 1, options: { socket: { host: "h", port: 1 }, database: 4 } } as RedisClient,
      "redis://h:1/4",
    ],
  ])("leads to $1, and says so without what is secret", ([server, location]) => {
    expect(open(server).location).toBe(location);
  });

  it.each([
    [new Cluster([{ host: "example.org" }], idle), /^redis cluster \(client \d+\)$/],
    [{ sendCommand: async () => 1, options: { url: "unix:///secret" } } as RedisClient, /^redis \(client \d+\)$/],
    [{ call: async () => 1 }, /^redis \(client \d+\)$/],
  ])("that leads nobody knows where is a place of its own", (server, location) => {
    expect(open(server).location).toMatch(location);
    expect(open(server).location).not.toBe(open(server).location);
  });

  it.each(["localhost:6379", "http://secret", "redis://:sec/ret@h", "", "/tmp/secret"])(
    "refuses %j, and does not show it",
    (text) => {
      expect(() => open(text)).toThrow(
        expect.objectContaining({ code: "OXBOW_OPTION_INVALID", message: expect.not.stringMatching(/sec/) }),
      );
    },
  );

  it.each([undefined, null, 6379, true])("refuses %s", (server) => {
    expect(() => open(server as unknown as string)).toThrow(expect.objectContaining({ code: "OXBOW_OPTION_INVALID" }));
  });

  it("says what to install where ioredis is not there, and needs it for no client of the caller's own", () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-redis-"));
    try {
      for (const part of ["io", "kernel"]) cpSync(join(root, "src", part), join(folder, part), { recursive: true });
      mkdirSync(join(folder, "node_modules"));
      symlinkSync(join(root, "node_modules", "ms"), join(folder, "node_modules", "ms"), "junction");
      const script = `
        const { openRedis } = await import(${JSON.stringify(pathToFileURL(join(folder, "io", "redis.ts")).href)});
        console.log(await openRedis({ call: async () => "PONG" }, "redisLocks()", 100).command(["PING"]));
        try { openRedis("redis://localhost", "redisLocks()", 100); } catch (error) { console.log(error.code, error.message); }`;
      const { stdout, stderr } = runScript(script, folder);
      expect(stdout, stderr).toBe(
        "PONG\nOXBOW_DRIVER_MISSING redisLocks() needs the package ioredis, which is not installed\n" +
          "  hint: npm install ioredis, or give it a client of your own\n",
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("gives up after the time limit where nobody answers, and says why where that is known", async () => {
    const silent = createServer();
    const port = await portOf(silent);
    await expect(open(`redis://127.0.0.1:${port}`, 200).command(["PING"])).rejects.toThrow(
      `redis://127.0.0.1:${port} has not answered within 200 ms`,
    );
    silent.close();
    const closed = await freePort();
    await expect(open(`redis://127.0.0.1:${closed}`, 200).command(["PING"])).rejects.toThrow(
      /^redis:\/\/127.0.0.1:\d+ cannot be reached: connect ECONNREFUSED/,
    );
  });
});

describe.skipIf(url === undefined)("openRedis(), with a server", () => {
  it("sends nothing that nobody waits for any more", async () => {
    let attempts = 0;
    const proxy = createServer((socket) => {
      attempts += 1;
      if (attempts === 1) setTimeout(() => socket.destroy(), 40);
      else setTimeout(() => forward(socket), 50);
    });
    const link = open(await throughProxy(proxy), 100);
    const key = `late-${Math.random()}`;
    await expect(link.command(["SET", key, "1", "PX", "9999"])).rejects.toThrow("cannot be reached");
    const get = () => link.command(["GET", key]).catch((error: Error) => error.message);
    await expect.poll(get, { timeout: 5000 }).toBeNull();
    proxy.close();
  });

  it("turns to a new connection where the old one has fallen silent", async () => {
    const sockets: Socket[] = [];
    const proxy = createServer((socket) => {
      sockets.push(socket);
      forward(socket);
    });
    const link = open(await throughProxy(proxy), 200);
    // On a busy machine one attempt may take too long.
    const ping = () => link.command(["PING"]).catch((error: Error) => error.message);
    await expect.poll(ping, { timeout: 5000 }).toBe("PONG");
    for (const socket of sockets) socket.unpipe().pause();
    await expect(link.command(["PING"])).rejects.toThrow("has not answered");
    await expect.poll(ping, { timeout: 5000 }).toBe("PONG");
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });

  it("passes on what the server says", async () => {
    await expect(open(url!).command(["NO-SUCH-COMMAND"])).rejects.toThrow("unknown command");
  });

  it("lets the process end while its connections are open", () => {
    const script = `
      const { openRedis } = await import(${JSON.stringify(new URL("redis.ts", import.meta.url).href)});
      const link = openRedis(${JSON.stringify(url)}, "redisLocks()", 5000);
      await link.channels.subscribe("some channel", () => undefined);
      console.log(await link.command(["PING"]));`;
    const { stdout, stderr, status } = runScript(script);
    expect([stdout, status], stderr).toEqual(["PONG\n", 0]);
  });
});
