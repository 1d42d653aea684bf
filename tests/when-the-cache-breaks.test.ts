/*
 * docs/guide/when-the-cache-breaks.md, row by row: each fault is made for real, and what the row says that names it does so. The titles are
 * the first cells of the rows.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { afterEach, expect, it, vi } from "vitest";
import type { Check } from "../src/doctor/check.ts";
import { caching } from "../src/doctor/checks/caching.ts";
import { clock } from "../src/doctor/checks/clock.ts";
import { drivers } from "../src/doctor/checks/drivers.ts";
import { endpoints } from "../src/doctor/checks/endpoints.ts";
import { folders } from "../src/doctor/checks/folders.ts";
import { history } from "../src/doctor/checks/history.ts";
import { keys } from "../src/doctor/checks/keys.ts";
import { settings as settingsCheck } from "../src/doctor/checks/settings.ts";
import { storage as storageCheck } from "../src/doctor/checks/storage.ts";
import { cacheKey, fileInput, flow, INPUTS, memoryStorage, task, TASK_SOURCE, withSettings } from "../src/index.ts";
import { list } from "../src/maintenance/index.ts";
import { forgetSettingsFiles } from "../src/settings/settings.ts";
import { redisStorage } from "../src/storage/redis.ts";
import { TestClock, withClock } from "../src/testing/index.ts";
import { complaints, findingsOf, newFolder, type Planted, shiftedClock } from "./fixtures/doctor.ts";
import { freePort } from "./services/free-port.ts";

const page = readFileSync(new URL("../docs/guide/when-the-cache-breaks.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\| ([^|]+) \| [^|]+ \| [^|]+ \|$/gm)]
  .map((match) => match[1]!)
  .filter((cell) => cell !== "what happens" && !/^-+$/.test(cell));

const oxbow = JSON.stringify(new URL("../src/index.ts", import.meta.url).href);
const flags = process.features.typescript ? ["--no-warnings"] : ["--experimental-strip-types", "--no-warnings"];

/** What the doctor complains of, in one text. */
async function doctorSays(check: Check, planted?: Planted): Promise<string> {
  return complaints(await findingsOf(check, planted)).join("\n");
}

/** A file that exports tasks. */
function fileOf(text: string): string {
  const file = join(newFolder(), "tasks.mjs");
  writeFileSync(file, `import { INPUTS, memoryStorage, task, TASK_SOURCE } from ${oxbow};\n${text}`);
  return file;
}

/** What a program prints that runs in a process of its own. */
function printed(script: string, before: readonly string[] = []): string {
  const whole = [...before, process.execPath, ...flags, "--input-type=module", "-e", script];
  return spawnSync(whole[0]!, whole.slice(1), { encoding: "utf8" }).stdout;
}

const inMemory = (): { resultStorage: ReturnType<typeof memoryStorage> } => ({ resultStorage: memoryStorage() });

const faults: Readonly<Record<string, () => unknown>> = {
  async "A key function uses the time, a random number, a counter, the process"() {
    const cacheKeyFunction = (_: unknown, { x }: Record<string, unknown>): string => `${String(x)} ${Math.random()}`;
    const state = await task("random", { cacheKeyFn: cacheKeyFunction, ...inMemory() }, (x: number) => x).run(1);
    expect(String(state.decision)).toMatch(
      /^uncached: The key function is not deterministic: it gave "1 0\.\d+" and then "1 0/,
    );
    const file = fileOf('export const t = task("t", { cacheKeyFn: () => `k ${process.pid}` }, (x) => x);');
    expect(await doctorSays(keys, { file })).toContain("task t: Component key-fn differs from call to call");
  },

  async "The function of the task is made anew at each import, of what changes"() {
    const file = fileOf(
      'export const t = task("t", { cachePolicy: TASK_SOURCE }, new Function("x", `return x * ${Math.random()}`));',
    );
    expect(await doctorSays(keys, { file })).toContain("task t: Component task-source differs from import to import");
  },

  async "The code of the task cannot be read"() {
    const bound = ((x: number) => x).bind(undefined);
    const state = await task("bound", { cachePolicy: TASK_SOURCE, ...inMemory() }, bound).run(1);
    expect(String(state.decision)).toContain('uncached: Cannot read the source of task "bound"');
    const file = fileOf('export const t = task("t", { cachePolicy: TASK_SOURCE }, ((x) => x).bind(undefined));');
    expect(await doctorSays(keys, { file })).toContain('Cannot read the source of task "t"');
  },

  async "A time or an id is among the arguments"() {
    const load = task("load", { cachePolicy: INPUTS, ...inMemory() }, (_url: string, requestId: string) => requestId);
    const clock = new TestClock();
    await withClock(clock, async () => {
      await load("https://example.com", crypto.randomUUID());
      await clock.advance(1000);
      const { decision } = await load.run("https://example.com", crypto.randomUUID());
      expect(String(decision)).toContain('miss: input "requestId" changed (1 of 2)');
    });
    const spared = load.withOptions({ cachePolicy: INPUTS.omit("requestId") });
    await spared("https://example.com", crypto.randomUUID());
    expect((await spared.run("https://example.com", crypto.randomUUID())).decision?.outcome).toBe("hit");
  },

  async "Nobody named a policy, so each flow run starts anew"() {
    const step = task("step", { persistResult: true, ...inMemory() }, (x: number) => x);
    const main = flow("main", async () => String((await step.run(1)).decision));
    const clock = new TestClock();
    await withClock(clock, async () => {
      await main();
      await clock.advance(1000);
      expect(await main()).toContain("miss: run id (RUN_ID: a record serves one run) changed");
    });
  },

  async "A function, a socket or a stream is among the arguments"() {
    const save = task("save", { cachePolicy: INPUTS, ...inMemory() }, (_done: () => void) => 1);
    expect(String((await save.run(() => undefined)).decision)).toMatch(
      /^uncached: Cannot hash args\._done: a function/,
    );
  },

  async "A task without arguments has a key of its arguments only"() {
    const rates = task("rates", { cachePolicy: INPUTS, ...inMemory() }, () => 1);
    expect(String((await rates.run()).decision)).toBe("uncached: the call has no inputs to make a key of");
    const named = rates.withOptions({ cachePolicy: cacheKey("rates") });
    await named();
    expect((await named.run()).decision?.outcome).toBe("hit");
  },

  async "Nobody knows which key a call has"() {
    const storage = memoryStorage();
    const shown = task("shown", { cachePolicy: INPUTS, resultStorage: storage }, (x: number) => x);
    const { decision } = await shown.run(1);
    expect((await shown.explain(1)).key).toBe(decision!.key);
    const listed = [];
    for await (const row of list({ storage })) listed.push(row.key);
    expect(listed).toEqual([decision!.key]);
  },

  async "No data, data that are missing and data that are not a number are taken for the same"() {
    const mean = task("mean", { cachePolicy: INPUTS, ...inMemory() }, (values: unknown) => values);
    const samples = [
      [],
      [Number.NaN],
      [null],
      [undefined],
      [0],
      new Float64Array(),
      new Float64Array([Number.NaN]),
      {},
      null,
    ];
    const made = await Promise.all(samples.map(async (sample) => (await mean.explain(sample)).key));
    expect(new Set(made).size).toBe(samples.length);
    expect(made).not.toContain(undefined);
  },

  async "The same table has its columns in another order"() {
    const sum = task("sum", { cachePolicy: INPUTS, ...inMemory() }, (_table: object) => 1);
    await sum({ price: [1, 2], name: ["a", "b"] });
    expect((await sum.run({ name: ["a", "b"], price: [1, 2] })).decision?.outcome).toBe("hit");
  },

  async "A file has other content under the same path"() {
    const path = join(newFolder(), "data.csv");
    writeFileSync(path, "one");
    const read = task("read", { cachePolicy: INPUTS, ...inMemory() }, (file: { path: string }) =>
      readFileSync(file.path, "utf8"),
    );
    const clock = new TestClock();
    await withClock(clock, async () => {
      await read(fileInput(path));
      expect((await read.run(fileInput(path))).decision?.outcome).toBe("hit");
      writeFileSync(path, "two");
      utimesSync(path, 1, 1);
      await clock.advance(1000);
      expect(String((await read.run(fileInput(path))).decision)).toContain('miss: input "file" changed (1 of 1)');
    });
    const byContent = (name: string): ReturnType<typeof fileInput> => fileInput(name, { by: "content" });
    await read(byContent(path));
    writeFileSync(`${path}.copy`, "two");
    expect((await read.run(byContent(`${path}.copy`))).decision?.outcome).toBe("hit");
  },

  async "Hashing large arguments takes long"() {
    const path = join(newFolder(), "large");
    writeFileSync(path, "");
    truncateSync(path, 2 ** 36);
    const load = task("large", { cachePolicy: INPUTS, ...inMemory() }, (_data: unknown) => 1);
    const begun = performance.now();
    expect((await load.explain(fileInput(path))).outcome).toBe("miss");
    // To read 64 GiB would take minutes.
    expect(performance.now() - begun).toBeLessThan(2000);
    expect((await load.explain(new Uint8Array(64 * 2 ** 20))).key).toBeDefined();
  },

  async "Results expire before anybody asks for them"() {
    const clock = new TestClock();
    const brief = task("brief", { cachePolicy: INPUTS, cacheExpiration: "10s", ...inMemory() }, (x: number) => x);
    await withClock(clock, async () => {
      await brief(1);
      await clock.advance(13_000);
      expect(String((await brief.run(1)).decision)).toBe("miss: the record expired 3 s ago");
    });
    const file = fileOf('export const t = task("t", { cachePolicy: INPUTS, cacheExpiration: "10s" }, (x) => x);');
    expect(await doctorSays(caching, { file })).toContain("task t: Its results expire after 10 s");
  },

  async "A setting from long ago switches the cache off, or refreshes everything"() {
    const plain = task("plain", { cachePolicy: INPUTS, ...inMemory() }, (x: number) => x);
    await withSettings({ tasks: { disableCaching: true } }, async () => {
      expect(String((await plain.run(1)).decision)).toBe("disabled: tasks.disableCaching is on");
    });
    vi.stubEnv("OXBOW_TASKS_REFRESH_CACHE", "true");
    expect(await doctorSays(caching)).toContain("tasks.refreshCache: It is on in the environment");
  },

  async "The clock of the machine, or of a server, is wrong"() {
    const storage = memoryStorage();
    await task("dated", { cachePolicy: INPUTS, resultStorage: storage }, (x: number) => x)(1);
    const planted = { storages: [storage], clock: shiftedClock(-86_400_000) };
    expect(await doctorSays(clock, planted)).toMatch(/It is .* here, and the record ".*" is of /);
  },

  async "The storage cannot be asked"() {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const storage = redisStorage(url, { timeout: "1s" });
    const state = await task("lost", { cachePolicy: INPUTS, resultStorage: storage }, (x: number) => x).run(1);
    expect(String(state.decision)).toMatch(/^miss: lookup failed: StorageError: /);
    expect(state.result()).toBe(1);
    expect(await doctorSays(storageCheck, { storages: [storage] })).toContain("ECONNREFUSED");
    const settings = { database: { url: url.replace("redis:", "postgres:") }, history: { enabled: true } };
    expect(await doctorSays(endpoints, { settings })).toContain("Nobody is reached at 127.0.0.1:");
  },

  async "Nobody asked for results to be stored"() {
    const state = await task("bare", (x: number) => x).run(1);
    expect(String(state.decision)).toMatch(/^disabled: results are not persisted; set persistResult, a cachePolicy/);
  },

  async "The storage is in the memory of the process"() {
    const script = `
      import { INPUTS, memoryStorage, task } from ${oxbow};
      const t = task("t", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, (x) => x);
      console.log((await t.run(1)).decision.outcome, (await t.run(1)).decision.outcome);`;
    expect([printed(script), printed(script)]).toEqual(["miss hit\n", "miss hit\n"]);
    expect(await doctorSays(caching, { storages: [memoryStorage()] })).toContain("It is in the memory of this process");
  },

  async "The home is in `/tmp`, in memory, or in the layer of a container"() {
    const home = newFolder();
    const settings = { home, history: { enabled: true } };
    const on = (type: string): Planted => ({ settings, machine: { mounts: () => `30 1 0:1 / / rw - ${type} x rw\n` } });
    for (const check of [folders, history]) {
      expect(await doctorSays(check, on("tmpfs"))).toContain("(tmpfs)");
      expect(await doctorSays(check, on("overlay"))).toContain("(overlay)");
      expect(await doctorSays(check, { settings, machine: { temporaryFolders: [home] } })).toContain("do not survive");
    }
  },

  async "The home, or the database, cannot be written"() {
    const home = "/proc/oxbow";
    const kept = task("kept", { cachePolicy: INPUTS }, (x: number) => x);
    const { decision } = await withSettings({ home }, () => kept.run(1));
    expect(decision!.reason).toMatch(/the result could not be stored: StorageError: .*\/proc\/oxbow/);
    expect(await doctorSays(folders, { settings: { home } })).toContain("Cannot use the folder /proc/oxbow");
    expect(await doctorSays(history, { settings: { home, history: { enabled: true } } })).toContain("/proc/oxbow");
  },

  async "The disk is full"() {
    const place = newFolder();
    const script = `
      import { INPUTS, fileStorage, task } from ${oxbow};
      const options = { cachePolicy: INPUTS, resultStorage: fileStorage(${JSON.stringify(join(place, "results"))}) };
      const { decision, error } = await task("t", options, (n) => "x".repeat(n)).run(1e6);
      console.log(decision.reason);`;
    // A file system of its own, which goes with the process; not everybody may have one.
    const full = ["unshare", "-rm", "sh", "-c", `mount -t tmpfs -o size=256k full ${place} && exec "$@"`, "sh"];
    if (spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "probe", place]).status === 0)
      expect(printed(script, full)).toMatch(/the result could not be stored: StorageError: .*ENOSPC/);
    const machine = { freeBytes: async () => 20 * 2 ** 20 };
    expect(await doctorSays(folders, { settings: { home: newFolder() }, machine })).toContain(
      "Only 20 MiB are free: results cannot be stored for long",
    );
  },

  async "The value cannot be written by the serializer"() {
    const odd = task("odd", { cachePolicy: INPUTS, ...inMemory() }, (n: number) => ({ rows: [{ client: () => n }] }));
    const { decision } = await odd.run(1);
    expect(decision!.reason).toMatch(/the result could not be stored: SerializationError: .*rows\[0\]\.client/);
  },

  async "Another process keeps the database locked"() {
    const home = newFolder();
    const path = join(home, "oxbow.db");
    new DatabaseSync(path).exec("PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
    const script = `
      const { DatabaseSync } = require("node:sqlite");
      new DatabaseSync(${JSON.stringify(path)}).exec("BEGIN EXCLUSIVE");
      console.log("locked");
      process.stdin.resume();`;
    const holder = spawn(process.execPath, ["--no-warnings", "-e", script], { stdio: ["pipe", "pipe", "ignore"] });
    await once(holder.stdout, "data");
    const said = await doctorSays(history, { settings: { home, history: { enabled: true } } });
    holder.kill("SIGKILL");
    expect(said).toContain("another process has held it locked for 10 s");
  },

  async "The home is on a network file system"() {
    const machine = { mounts: () => "30 1 0:1 / / rw - nfs4 server:/home rw\n" };
    expect(await doctorSays(folders, { settings: { home: newFolder() }, machine })).toContain(
      "It is on a network file system (nfs4)",
    );
  },

  async "A URL of an API is set that this release does not use"() {
    vi.stubEnv("OXBOW_API_URL", `http://127.0.0.1:${await freePort()}/api`);
    const state = await task("local", { cachePolicy: INPUTS, ...inMemory() }, (x: number) => x).run(1);
    expect(state.decision?.outcome).toBe("miss");
    expect(await doctorSays(endpoints)).toContain("It is set, and this release has no server: it is not read");
  },

  async "The package of a driver is not installed"() {
    const module = JSON.stringify(new URL("../src/storage/postgres.ts", import.meta.url).href);
    const script = `
      import Module from "node:module";
      const original = Module._resolveFilename;
      Module._resolveFilename = (request, ...rest) => {
        if (request === "pg") throw Object.assign(new Error("Cannot find module 'pg'"), { code: "MODULE_NOT_FOUND" });
        return original(request, ...rest);
      };
      const { postgresStorage } = await import(${module});
      try { postgresStorage("postgres://db.example/x"); } catch ({ code, hint }) { console.log(code, hint); }`;
    expect(printed(script)).toBe("OXBOW_DRIVER_MISSING npm install pg\n");
    const settings = { database: { url: "postgres://db.example/x" }, history: { enabled: true } };
    expect(await doctorSays(drivers, { settings, machine: { installed: () => undefined } })).toBe(
      "fail pg: It is not installed, and database.url needs it",
    );
  },

  async "A worker has another environment than the profile says"() {
    const home = newFolder();
    writeFileSync(
      join(home, "profiles.toml"),
      'active = "work"\n[profiles.work]\nresults.storagePath = "/mnt/shared"\n',
    );
    vi.stubEnv("OXBOW_HOME", home);
    vi.stubEnv("OXBOW_RESULTS_STORAGE_PATH", "/mnt/own");
    expect(await doctorSays(settingsCheck)).toContain(
      'the environment says "/mnt/own" and goes before profile "work", which says "/mnt/shared"',
    );
  },

  async "A setting is misspelled, or its profile is not there"() {
    vi.stubEnv("OXBOW_TASK_REFRESH_CACHE", "1");
    await expect(task("t", (x: number) => x).run(1)).rejects.toThrow(
      "Unknown setting OXBOW_TASK_REFRESH_CACHE in the environment",
    );
    expect(await doctorSays(settingsCheck)).toContain("Unknown setting OXBOW_TASK_REFRESH_CACHE in the environment");
    vi.unstubAllEnvs();
    vi.stubEnv("OXBOW_PROFILE", "elsewhere");
    expect(await doctorSays(settingsCheck)).toContain(
      'Profile "elsewhere", chosen by OXBOW_PROFILE in the environment, does not exist',
    );
  },

  async "Two copies of oxbow are installed"() {
    const copy = pathToFileURL(join(newFolder(), "copy.mjs"));
    writeFileSync(
      copy,
      "export const task = (name) => Object.assign(() => name, { explain() {}, withOptions() {}, submit() {} });",
    );
    const file = join(newFolder(), "tasks.mjs");
    writeFileSync(file, `import { task } from ${JSON.stringify(copy.href)};\nexport const t = task("t");`);
    expect(await doctorSays(keys, { file })).toContain("export t: It is a task of another copy of oxbow");
  },
};

afterEach(() => {
  vi.unstubAllEnvs();
  forgetSettingsFiles();
});

it("every row of the page has its test, and every test its row", () => {
  expect(rows).toEqual(Object.keys(faults));
});

it.each(Object.entries(faults))("%s", async (_, provoke) => {
  await provoke();
});
