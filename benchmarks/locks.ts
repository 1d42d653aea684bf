import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { flow, INPUTS, memoryLocks, sqliteLocks, sqliteStorage, task, TASK_SOURCE, transaction } from "../src/index.ts";
import type { LockManager } from "../src/locks/lock-manager.ts";
import { redisLocks } from "../src/locks/redis.ts";
import { ServiceMissing } from "../tests/services/server-process.ts";
import { startRedis } from "../tests/services/redis.ts";
import type { Row, Work } from "./compare.ts";

const folder = mkdtempSync(join(tmpdir(), "oxbow-bench-locks-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const policy = INPUTS.and(TASK_SOURCE);
const storage = sqliteStorage(join(folder, "results"));
const bare = async (x: number): Promise<{ id: number }> => ({ id: x });
let fresh = 1;

function pairs(locks: LockManager): Work {
  return async (n) => {
    for (let i = 0; i < n; i++) await (await locks.acquire(`key-${fresh++}`, "bench"))!.release();
  };
}

function misses(name: string, cachePolicy = policy): Work {
  const missing = task(name, { cachePolicy, resultStorage: storage }, bare);
  const run = flow(name, async (n: number) => {
    for (let i = 0; i < n; i++) await missing(fresh++);
  });
  return (n) => run(n);
}

const plain = task("in-fives", { cachePolicy: policy, resultStorage: storage }, bare);
const inFives = flow("in-fives", async (n: number) => {
  for (let done = 0; done < n; done += 5) {
    await transaction(async () => {
      for (let i = 0; i < 5; i++) await plain(fresh++);
    });
  }
});

const serializable = (lockManager?: LockManager): typeof policy =>
  policy.configure({ isolationLevel: "SERIALIZABLE", ...(lockManager && { lockManager }) });

/** What locks and transactions cost where nobody else wants the key. */
export const lockRows: readonly Row[] = [
  { name: "lock and unlock, memory", n: 5000, oxbow: pairs(memoryLocks()), target: { us: 5 } },
  { name: "lock and unlock, SQLite", n: 1000, oxbow: pairs(sqliteLocks(join(folder, "locks"))), target: { us: 60 } },
  {
    name: "SERIALIZABLE miss, SQLite",
    n: 1000,
    oxbow: misses("serializable", serializable()),
    yardstick: { name: "READ_COMMITTED miss", work: misses("read-committed") },
    target: { overUs: 60 },
  },
  {
    name: "miss in a transaction of 5, SQLite",
    n: 1000,
    oxbow: (n) => inFives(n),
    yardstick: { name: "miss by itself", work: misses("by-itself") },
    target: { ratio: 1.5 },
  },
];

/** Redis: the time beside two bare commands, and how many commands there are. */
export async function redisLockRow(): Promise<(Row & { readonly commands: () => Promise<number> }) | string> {
  const server = await startRedis().catch((error: unknown) => {
    if (error instanceof ServiceMissing) return undefined;
    throw error;
  });
  if (!server) return "there is no redis-server here";
  const client = new Redis(server.url);
  const locks = redisLocks(server.url);
  return {
    name: "lock and unlock, Redis",
    n: 500,
    oxbow: pairs(locks),
    yardstick: {
      name: "SET + DEL",
      work: async (n) => {
        for (let i = 0; i < n; i++) {
          await client.set("bench", "x", "PX", 30_000, "NX");
          await client.del("bench");
        }
      },
    },
    target: { ratio: 1.5 },
    commands: async () => {
      let sent = 0;
      const counted = redisLocks({
        call: (command: string, ...args: string[]) => {
          sent += 1;
          return client.call(command, ...args);
        },
      });
      // The first ones bring their scripts along.
      await pairs(counted)(10);
      sent = 0;
      await pairs(counted)(100);
      await locks.close();
      client.disconnect();
      await server.stop();
      return sent / 100;
    },
  };
}
