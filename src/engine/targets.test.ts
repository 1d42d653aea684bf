import { mkdtempSync, readFileSync, writeFileSync, existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import {
  fileStorage,
  flow,
  INPUTS,
  memoryStorage,
  ResultStore,
  sqliteStorage,
  task,
  transaction,
  withSettings,
} from "../index.ts";
import { json } from "../serializers/index.ts";
import { TestClock, withClock } from "../testing/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-targets-"));
});

const noon = Date.UTC(2026, 10, 21, 12);

describe("a target", () => {
  it("is a plain file whose presence means done", async () => {
    let calls = 0;
    const report = task(
      "report",
      { target: "{date:yyyy-MM-dd}/{taskName}.json", resultStorage: folder },
      (x: number) => {
        calls += 1;
        return { x };
      },
    );
    await withClock(new TestClock(noon), async () => {
      expect((await report.run(1)).name).toBe("Completed");
      const path = join(folder, "2026-11-21/report.json");
      expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ x: 1 });
      // Whatever the inputs: the file is there.
      const state = await report.run(2);
      expect([state.name, state.message]).toEqual(["Cached", `Result found at task target ${path}`]);
      expect(state.result()).toEqual({ x: 1 });
      expect(String(state)).toBe(`Cached('Result found at task target ${path}', type=COMPLETED)`);
    });
    expect(calls).toBe(1);
  });

  it("takes what another program has written", async () => {
    writeFileSync(join(folder, "given.csv"), "a,b\n1,2\n");
    const given = task("given", { target: "given.csv", resultStorage: fileStorage(folder) }, () => [{ a: "never" }]);
    expect(await given()).toEqual([{ a: "1", b: "2" }]);
  });

  it("gives the caller that computed it what all later callers get", async () => {
    const table = task("table", { target: "table.csv", resultStorage: folder }, () => [{ a: 1 }] as unknown[]);
    expect([await table(), await table()]).toEqual([[{ a: "1" }], [{ a: "1" }]]);
  });

  it("knows inputs before parameters before the run, and no input leads out of its folder", async () => {
    const page = task(
      "page",
      { target: "{flowName}/{kind}/{url}.txt", resultStorage: folder },
      (url: string, kind = "html") => `${kind} ${url}`,
    );
    const main = flow("site", async (kind: string, url: string) => [
      await page(url),
      await page("../../etc/passwd", kind),
    ]);
    expect(await main("from the flow", "parameter")).toEqual(["html parameter", "from the flow ../../etc/passwd"]);
    expect(existsSync(join(folder, "site/html/parameter.txt"))).toBe(true);
    expect(readdirSync(join(folder, "site/from the flow"))).toHaveLength(1);
  });

  it("may be made by a function, of the context and the inputs", async () => {
    const made = task(
      "made",
      { target: async (context, { n }) => `${context.taskRun!.task.name}-${String(n)}.bin`, resultStorage: folder },
      (n: number) => Readable.from([Buffer.alloc(n, 1)], { objectMode: false }) as unknown,
    );
    expect(await made(3)).toEqual(new Uint8Array([1, 1, 1]));
    expect(readFileSync(join(folder, "made-3.bin"))).toHaveLength(3);
  });

  it("is written in the end only: not where the task fails, is rolled back, or may not write", async () => {
    const made = task("made", { target: "{name}.json", resultStorage: folder }, (name: string) => {
      if (name === "broken") throw new Error("broken");
      return name;
    });
    await made.run("broken");
    await transaction(async () => {
      await made("undone");
      throw new Error("undo");
    }).catch(() => undefined);
    const reading = made.withOptions({ cacheMode: "read-only" });
    expect((await reading.run("unwritten")).decision!.reason).toContain("not written to");
    expect(["broken", "undone", "unwritten"].filter((name) => existsSync(join(folder, `${name}.json`)))).toEqual([]);
    await transaction(async () => {
      await made("first");
      await made("second");
    });
    expect(await reading.run("first")).toMatchObject({ name: "Cached" });
    expect(existsSync(join(folder, "second.json"))).toBe(true);
  });

  it("is made anew by refreshCache, and after its expiration; invalidate removes the file", async () => {
    let calls = 0;
    const made = task("made", { target: "made.json", resultStorage: folder, cacheExpiration: "1 hour" }, () => ++calls);
    const clock = new TestClock(Date.now());
    await withClock(clock, async () => {
      expect([await made(), await made()]).toEqual([1, 1]);
      await clock.advance(2 * 3_600_000);
      expect((await made.run()).decision!.reason).toMatch(/expired/);
      expect(await made.withOptions({ refreshCache: true })()).toBe(3);
      expect(await made.invalidate()).toBe(true);
      expect(existsSync(join(folder, "made.json"))).toBe(false);
      expect((await made.explain()).reason).toMatch(/there is no file .*made\.json/);
    });
  });

  it("that cannot hold the result is said, and the caller has the result", async () => {
    const odd = task("odd", { target: "odd.json", resultStorage: folder }, () => new Map([[1, 2]]));
    const state = await odd.run();
    expect([state.name, state.persisted]).toEqual(["Completed", false]);
    expect(state.result()).toEqual(new Map([[1, 2]]));
    expect(state.decision!.reason).toContain("could not be stored");
  });

  it("that is damaged is computed again, and says so", async () => {
    writeFileSync(join(folder, "half.json"), '{"a":');
    const state = await task("half", { target: "half.json", resultStorage: folder }, () => ({ a: 1 })).run();
    expect([state.name, state.decision!.outcome]).toEqual(["Completed", "miss"]);
    expect(state.result()).toEqual({ a: 1 });
  });

  it("needs a storage of files, and a variable that there is", async () => {
    const where = async (resultStorage: ReturnType<typeof memoryStorage>, target: string) =>
      (await task("t", { target, resultStorage }, () => 1).run()).message;
    expect(await where(sqliteStorage(folder), "t.json")).toContain("sqlite storage keeps none");
    expect(await where(memoryStorage(), "{nobody}.json")).toContain("nobody");
    expect(await where(memoryStorage(), "../out.json")).toContain("..");
    expect(() => task("t", { target: "{open.json" }, () => 1)).toThrow("target");
  });
});

describe("a resultStorageKey", () => {
  it("names the record, in place of a policy", async () => {
    const storage = fileStorage(folder);
    const made = task(
      "made",
      { resultStorageKey: "{taskName}-{x}", cachePolicy: INPUTS, resultStorage: storage },
      (x: number, y: number) => x + y,
    );
    expect(await made(1, 2)).toBe(3);
    expect((await made.run(1, 5)).result()).toBe(3);
    expect(await storage.head("made-1")).toMatchObject({ key: "made-1" });
  });
});

describe("the format of a target", () => {
  const written = (path: string, value: unknown) =>
    task("written", { target: path, resultStorage: folder }, () => value).run();

  it("is that of its extension, which a hidden file has none of, whichever is written first", async () => {
    expect((await written("sub/x.json", { a: 1 })).persisted).toBe(true);
    expect((await written("sub/.json", Buffer.from("bytes"))).persisted).toBe(true);
    expect(readFileSync(join(folder, "sub/.json"), "utf8")).toBe("bytes");
    folder = mkdtempSync(join(tmpdir(), "oxbow-targets-"));
    expect((await written("sub/.json", Buffer.from("bytes"))).persisted).toBe(true);
    expect((await written("sub/x.JSON", { a: 1 })).persisted).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, "sub/x.JSON"), "utf8"))).toEqual({ a: 1 });
  });

  it("does not matter where its path is that of locks", async () => {
    const { persisted, decision, message } = await written(".locks/x.txt", "x");
    expect(persisted).toBe(false);
    expect(decision?.reason ?? message).toContain(".locks belongs to the storage itself");
    expect(existsSync(join(folder, ".locks"))).toBe(false);
  });
});

describe("cache modes", () => {
  const storage = memoryStorage();
  const counted = () => {
    let calls = 0;
    return task("counted", { cachePolicy: INPUTS, resultStorage: storage }, (x: string) => `${x} ${++calls}`);
  };

  it("allow what they say", async () => {
    const made = counted();
    const mode = (cacheMode: "read-only" | "write-only" | "off") => made.withOptions({ cacheMode });
    expect((await mode("read-only").run("a")).decision).toMatchObject({ outcome: "miss" });
    expect((await made.explain("a")).outcome).toBe("miss");
    expect(await mode("write-only")("a")).toBe("a 2");
    expect(await mode("read-only")("a")).toBe("a 2");
    const rewritten = await mode("write-only").run("a");
    expect(rewritten.decision).toMatchObject({ outcome: "refreshed", reason: "the cache mode is write-only" });
    expect((await mode("off").run("a")).decision).toMatchObject({ outcome: "disabled" });
    expect(await made("a")).toBe("a 3");
  });

  it("come from the task, its flows and the settings, each of which only takes away", async () => {
    const made = counted();
    const quiet = flow("quiet", { cacheMode: "read-only" }, async (x: string) => ({ state: await made.run(x) }));
    expect((await quiet("b")).state.decision!.reason).toContain("not written to");
    expect((await made.explain("b")).outcome).toBe("miss");
    await withSettings({ caching: { mode: "write-only" } }, async () => {
      expect((await quiet("b")).state.decision).toMatchObject({ outcome: "disabled", reason: "the cache mode is off" });
      expect((await made.run("b")).decision!.outcome).toBe("refreshed");
    });
    expect((await made.run("b")).name).toBe("Cached");
  });

  it("of a task never go beyond those of a flow, and of a flow never beyond those of the flow around it", async () => {
    const made = counted();
    const writing = made.withOptions({ cacheMode: "write-only" });
    const inner = flow("inner", { cacheMode: "read-write" }, async (x: string) => ({
      states: [await writing.run(x), await made.withOptions({ cacheMode: "read-write" }).run(x)],
    }));
    const outer = flow("outer", { cacheMode: "read-only" }, (x: string) => inner(x));
    const [only, both] = (await outer("c")).states;
    expect(only!.decision).toMatchObject({ outcome: "disabled", reason: "the cache mode is off" });
    expect(both!.persisted).toBe(false);
    expect((await made.explain("c")).outcome).toBe("miss");
    const off = flow("off", { cacheMode: "off" }, async (x: string) => ({ state: await writing.run(x) }));
    expect((await off("c")).state.decision!.outcome).toBe("disabled");
    expect((await made.explain("c")).outcome).toBe("miss");
  });

  it("of a flow are those of transactions inside", async () => {
    const store = new ResultStore({ storage: memoryStorage(), serializer: json() });
    const stage = () => transaction({ key: "k", store }, async () => 1);
    await flow("quiet", { cacheMode: "read-only" }, stage)();
    expect(await store.exists("k")).toBe(false);
    await flow("writing", stage)();
    expect(await store.exists("k")).toBe(true);
  });
});
