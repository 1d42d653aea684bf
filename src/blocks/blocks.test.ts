import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Configuration } from "../kernel/configuration.ts";
import { ConfigurationError, StorageError } from "../kernel/errors.ts";
import { fileLocks } from "../locks/file.ts";
import { memoryLocks } from "../locks/memory.ts";
import { fileStorage } from "../storage/file.ts";
import { memoryStorage } from "../storage/memory.ts";
import { sqliteStorage } from "../storage/sqlite.ts";
import { TestClock } from "../testing/test-clock.ts";
import { type BlockMakers, type BlockResource, type Blocks, createBlocks } from "./blocks.ts";

let home: string;
beforeEach(() => {
  home = join(mkdtempSync(join(tmpdir(), "oxbow-blocks-")), "home");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(join(home, ".."), { recursive: true });
});

const secret = "hunter2-∂-very-secret";
const made: unknown[][] = [];
const remember =
  (make: () => BlockResource) =>
  (args: readonly unknown[]): BlockResource => {
    made.push([...args]);
    return make();
  };
const makers: BlockMakers = {
  file: (args) => fileStorage(...(args as Parameters<typeof fileStorage>)),
  sqlite: (args) => sqliteStorage(...(args as Parameters<typeof sqliteStorage>)),
  "file-locks": (args) => fileLocks(...(args as Parameters<typeof fileLocks>)),
  s3: remember(memoryStorage),
  redis: remember(memoryStorage),
  "redis-locks": remember(memoryLocks),
};

const blocksHere = (options: { makers?: BlockMakers; clock?: TestClock } = {}): Blocks =>
  createBlocks({ home: () => home, makers, ...options });
/** A storage that says how it was made. */
const storage = (configuration: Configuration): BlockResource =>
  Object.defineProperty(memoryStorage(), "configuration", { value: configuration });
const locks = (configuration: Configuration): BlockResource =>
  Object.defineProperty(memoryLocks(), "configuration", { value: configuration });
const s3 = (): BlockResource =>
  storage({
    type: "s3",
    args: [{ bucket: "b", credentials: { accessKeyId: "id", secretAccessKey: secret }, region: undefined }, undefined],
    secrets: ["0.credentials.secretAccessKey", "0.credentials.sessionToken"],
  });
const pathOf = (name: string): string => join(home, "blocks", `${name}.json`);
const keyPath = (): string => join(home, "blocks", "key");

async function refusal(work: Promise<unknown>): Promise<ConfigurationError> {
  const error = await work.then(
    () => new Error("nothing was thrown"),
    (reason: unknown) => reason,
  );
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(secret);
  if (error instanceof ConfigurationError) return error;
  throw error;
}

/** Everything below a folder, with its mode. */
function tree(folder: string): ReadonlyArray<readonly [path: string, mode: string]> {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((path) => [path, (statSync(join(folder, path)).mode & 0o777).toString(8)]);
}

describe("blocks", () => {
  it.each([
    ["file", fileStorage],
    ["sqlite", sqliteStorage],
  ])("a %s storage is saved and made again", async (type, make) => {
    const folder = join(home, "results");
    const original = make(folder, { durability: "power" });
    await original.put({ ...sample, key: "k", size: 2 }, [Buffer.from("hi")]);
    const reference = await blocksHere().save("results", original);
    expect(reference).toBe(`block:${type}/results`);

    const again = (await blocksHere().load(reference)) as typeof original;
    expect([again.kind, again.location, again.configuration]).toEqual([type, folder, original.configuration]);
    expect(await again.head("k")).toMatchObject({ key: "k" });
    await again.close();
    await original.close();
  });

  it("locks in files are saved and made again", async () => {
    const original = fileLocks(join(home, "locks"), { lease: "5s" });
    const reference = await blocksHere().save("here", original);
    expect(reference).toBe("block:file-locks/here");
    const again = (await blocksHere().load(reference)) as typeof original;
    expect([again.kind, again.location]).toEqual([original.kind, original.location]);
    await Promise.all([again.close(), original.close()]);
  });

  it("locks have a type of their own", async () => {
    const blocks = blocksHere();
    const configuration = { type: "redis", args: ["redis://a"] };
    expect(await blocks.save("main", storage(configuration))).toBe("block:redis/main");
    expect(await blocks.save("main", locks(configuration))).toBe("block:redis-locks/main");
    expect((await blocks.load("block:redis/main")) satisfies BlockResource).toHaveProperty("put");
    expect(await blocks.load("block:redis-locks/main")).toHaveProperty("acquire");
    expect(await blocks.save("other", locks({ ...configuration, type: "redis-locks" }))).toBe(
      "block:redis-locks/other",
    );
  });

  it.skipIf(process.platform === "win32")(
    "files are for their owner alone, and JSON that people can read",
    async () => {
      const blocks = blocksHere({ clock: new TestClock(0) });
      await blocks.save("main", s3());
      expect(tree(join(home, "blocks"))).toEqual([
        [".tmp", "700"],
        ["key", "600"],
        ["s3", "700"],
        [join("s3", "main.json"), "600"],
      ]);
      expect((statSync(join(home, "blocks")).mode & 0o777).toString(8)).toBe("700");
      expect(JSON.parse(readFileSync(pathOf("s3/main"), "utf8"))).toEqual({
        formatVersion: 1,
        type: "s3",
        name: "main",
        created: "1970-01-01T00:00:00.000Z",
        args: [{ bucket: "b", credentials: { accessKeyId: "id", secretAccessKey: null } }],
        keyId: expect.stringMatching(/^[0-9a-f]{16}$/),
        secrets: [{ path: "0.credentials.secretAccessKey", sealed: expect.any(String) }],
      });
    },
  );

  it("lists, describes and deletes", async () => {
    const blocks = blocksHere();
    expect(await blocks.list()).toEqual([]);
    for (const name of ["b", "a.b_c-D"]) await blocks.save(name, s3());
    await blocks.save("z", locks({ type: "redis", args: ["redis://a"] }));
    writeFileSync(pathOf("s3/damaged"), "{");
    expect((await blocks.list()).map(({ reference }) => reference)).toEqual([
      "block:redis-locks/z",
      "block:s3/a.b_c-D",
      "block:s3/b",
      "block:s3/damaged",
    ]);
    expect([await blocks.delete("block:s3/damaged"), await blocks.delete("block:s3/damaged")]).toEqual([true, false]);
    expect((await blocks.list()).length).toBe(3);
  });

  it("keeps one of a name, unless it is told to replace it", async () => {
    const blocks = blocksHere();
    await blocks.save("main", storage({ type: "s3", args: [1] }));
    expect((await refusal(blocks.save("main", storage({ type: "s3", args: [2] })))).hint).toContain("overwrite: true");
    expect((await blocks.inspect("block:s3/main")).args).toEqual([1]);
    await blocks.save("main", storage({ type: "s3", args: [2] }), { overwrite: true });
    expect((await blocks.inspect("block:s3/main")).args).toEqual([2]);
  });

  it.each([
    "block:s3",
    "s3/main",
    "block:s3/",
    "block:/main",
    "block:s3/../x",
    "block:s3/a b",
    "block:S3/a",
    "block:s3/a/b",
    "",
    7,
  ])("%s is no reference", async (reference) => {
    expect((await refusal(blocksHere().load(reference as string))).hint).toContain("block:s3/results");
  });

  it.each(["", "a/b", "..\\x", "é", "a b", "x".repeat(101), "a\n", undefined])("%j is no name", async (name) => {
    expect((await refusal(blocksHere().save(name as string, s3()))).message).toMatch(/The name of a block is/);
    expect(existsSync(home)).toBe(false);
  });

  it("names of dots stay where they belong", async () => {
    const blocks = blocksHere();
    for (const name of ["..", ".", "..."]) {
      const reference = await blocks.save(name, storage({ type: "s3", args: [name] }));
      expect((await blocks.inspect(reference)).args).toEqual([name]);
    }
    expect((await blocks.list()).map(({ name }) => name)).toEqual([".", "..", "..."]);
    expect(readdirSync(join(home, "blocks", "s3")).length).toBe(3);
  });

  it("what is not there is named, with what there is and what was meant", async () => {
    const blocks = blocksHere();
    expect((await refusal(blocks.load("block:s3/main"))).hint).toContain("there are no blocks");
    await blocks.save("results", s3());
    await blocks.save("other", storage({ type: "redis", args: [] }));
    const error = await refusal(blocks.inspect("block:s3/result"));
    expect(error.message).toContain("block:s3/result does not exist");
    expect(error.hint).toBe('did you mean "block:s3/results"? there are block:redis/other, block:s3/results');
  });

  it("says why something cannot be saved", async () => {
    const blocks = blocksHere();
    const alive = Object.defineProperty(memoryStorage(), "configuration", { value: undefined });
    const live = await refusal(blocks.save("main", alive));
    expect(live.message).toContain("a memory storage cannot be saved as a block");
    expect(live.hint).toContain("made of a client");
    expect((await refusal(blocks.save("main", undefined as unknown as BlockResource))).hint).toContain(
      "pass a storage",
    );
    const unknown = await refusal(blocks.save("main", storage({ type: "s4", args: [] })));
    expect(unknown.hint).toMatch(/did you mean "s3"\? there are file, sqlite/);
    const odd = storage({ type: "s3", args: [{ when: new Date(), password: secret }] });
    expect((await refusal(blocks.save("main", odd))).message).toContain("args[0].when: JSON has no Date");
    expect((await refusal(blocks.save("main", storage({ type: "../x", args: [] })))).message).toContain("has the type");
    expect(existsSync(home)).toBe(false);
  });

  it("what a maker throws is handed on", async () => {
    const cause = new Error("no such bucket");
    const blocks = blocksHere({
      makers: {
        s3: () => {
          throw cause;
        },
      },
    });
    await blocks.save("main", s3());
    await expect(blocks.load("block:s3/main")).rejects.toBe(cause);
  });

  it("the disk is named where it fails", async () => {
    mkdirSync(join(home, ".."), { recursive: true });
    writeFileSync(home, "in the way");
    await expect(blocksHere().save("main", s3())).rejects.toBeInstanceOf(StorageError);
    expect(await blocksHere().list()).toEqual([]);
    rmSync(home);
    mkdirSync(join(home, "blocks", "s3", "main.json"), { recursive: true });
    await expect(blocksHere().load("block:s3/main")).rejects.toBeInstanceOf(StorageError);
    await expect(blocksHere().delete("block:s3/main")).rejects.toBeInstanceOf(StorageError);
    await expect(blocksHere().save("main", s3(), { overwrite: true })).rejects.toBeInstanceOf(StorageError);
    expect(readdirSync(join(home, "blocks", ".tmp"))).toEqual([]);
  });

  it("what a writer that died left behind is removed by the next one", async () => {
    const folder = join(home, "blocks", ".tmp");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "elsewhere.1.abc.1"), "");
    utimesSync(join(folder, "elsewhere.1.abc.1"), 0, 0);
    await blocksHere().save("main", s3());
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("secrets", () => {
  it("come back, and stand in no file and in nothing that is printed", async () => {
    const blocks = blocksHere();
    const pem = `-----BEGIN KEY-----\n${secret}\n-----END KEY-----`;
    const nested = storage({
      type: "s3",
      args: [{ credentials: { id: "i", secret }, pem }, `redis://:${secret}@host/1`, { url: `https://u:${secret}@h` }],
      secrets: ["0.credentials", "0.credentials.secret", "0.pem", "1"],
    });
    await blocks.save("main", nested);
    made.length = 0;
    await blocks.load("block:s3/main");
    expect(made).toEqual([
      [{ credentials: { id: "i", secret }, pem }, `redis://:${secret}@host/1`, { url: `https://u:${secret}@h` }],
    ]);
    const shown = await blocks.inspect("block:s3/main");
    expect(shown.args).toEqual([{ credentials: "********", pem: "********" }, "********", { url: "********" }]);
    const all = [readFileSync(pathOf("s3/main"), "utf8"), inspect(blocks, { depth: 20, showHidden: true })];
    expect([...all, inspect(shown, { depth: 20 }), JSON.stringify(await blocks.list())].join()).not.toMatch(/hunter2/);
  });

  it("each saving encrypts anew", async () => {
    const blocks = blocksHere();
    await blocks.save("main", s3());
    const first = readFileSync(pathOf("s3/main"), "utf8");
    await blocks.save("main", s3(), { overwrite: true });
    const sealed = (text: string): string => (JSON.parse(text) as { secrets: [{ sealed: string }] }).secrets[0].sealed;
    expect(sealed(readFileSync(pathOf("s3/main"), "utf8"))).not.toBe(sealed(first));
  });

  it("what names the environment is no secret, and is kept as it is", async () => {
    const blocks = blocksHere();
    const args = ["{{ env.A }}", " {{env.A}}{{ env.B }} ", "", { token: "{{ env.A }}" }];
    await blocks.save("main", storage({ type: "s3", args, secrets: ["0", "1", "2", "3.token", "4.x", "3.no.such"] }));
    expect(existsSync(keyPath())).toBe(false);
    expect(await blocks.inspect("block:s3/main")).toMatchObject({ args, secrets: [] });
    made.length = 0;
    await blocks.load("block:s3/main");
    expect(made).toEqual([args]);
    await blocks.save("mixed", storage({ type: "s3", args: [`a{{ env.A }}`], secrets: ["0"] }));
    expect((await blocks.inspect("block:s3/mixed")).args).toEqual(["********"]);
  });

  it.each(["base64", "hex"] as const)("the key may come from the environment, in %s", async (encoding) => {
    const key = Buffer.from(crypto.getRandomValues(new Uint8Array(32)));
    vi.stubEnv("OXBOW_BLOCKS_KEY", key.toString(encoding));
    const blocks = blocksHere();
    await blocks.save("main", s3());
    expect(existsSync(keyPath())).toBe(false);
    await blocks.load("block:s3/main");

    vi.stubEnv("OXBOW_BLOCKS_KEY", Buffer.alloc(32, 7).toString(encoding));
    const other = await refusal(blocks.load("block:s3/main"));
    expect(other.message).toContain(
      "encrypted with another key than that of the environment variable OXBOW_BLOCKS_KEY",
    );
    vi.stubEnv("OXBOW_BLOCKS_KEY", "");
    expect((await refusal(blocks.load("block:s3/main"))).message).toContain("The key of the blocks is not there");
    expect((await blocks.inspect("block:s3/main")).secrets).toEqual(["0.credentials.secretAccessKey"]);
    expect(existsSync(keyPath())).toBe(false);
  });

  it("a key that is none is refused, and never shown or replaced", async () => {
    vi.stubEnv("OXBOW_BLOCKS_KEY", secret);
    expect((await refusal(blocksHere().save("main", s3()))).message).toContain("OXBOW_BLOCKS_KEY is no key");
    vi.unstubAllEnvs();
    mkdirSync(join(home, "blocks"), { recursive: true });
    writeFileSync(keyPath(), secret);
    expect((await refusal(blocksHere().save("main", s3()))).message).toContain(`${keyPath()} is no key`);
    expect(readFileSync(keyPath(), "utf8")).toBe(secret);
  });

  it("are bound to their block and their place", async () => {
    const blocks = blocksHere();
    await blocks.save("main", s3());
    const file = JSON.parse(readFileSync(pathOf("s3/main"), "utf8")) as Record<string, any>;
    const changed = async (change: object, name = "main"): Promise<string> => {
      writeFileSync(pathOf(`s3/${name}`), JSON.stringify({ ...file, ...change }));
      return (await refusal(blocks.load(`block:s3/${name}`))).message;
    };
    const [{ path, sealed }] = file["secrets"];
    expect(await changed({ name: "other" }, "other")).toContain("of block:s3/other cannot be decrypted");
    expect(await changed({ secrets: [{ path: "0.bucket", sealed }] })).toContain("cannot be decrypted");
    const bytes = Buffer.from(sealed, "base64");
    bytes[20]! ^= 1;
    expect(await changed({ secrets: [{ path, sealed: bytes.toString("base64") }] })).toContain("cannot be decrypted");
    expect(await changed({ secrets: [{ path, sealed: "" }] })).toContain("cannot be decrypted");
    expect(await changed({ secrets: [{ path, sealed: sealed.slice(0, 24) }] })).toContain("cannot be decrypted");
  });

  it.each<[string, (args: any[]) => unknown]>([
    ["its message", ([{ credentials }]) => new Error(`wrong: ${credentials.secretAccessKey}`)],
    ["a cause", ([options]) => new Error("wrong", { cause: { config: options } })],
    ["a thing that is no error", ([options]) => ({ options })],
    ["an escaped text", ([options]) => new Error(encodeURIComponent(options.credentials.secretAccessKey))],
  ])("what a maker throws is left out where it shows one: %s", async (_, thrown) => {
    const s3Maker = (args: readonly unknown[]): never => {
      throw thrown([...args]);
    };
    const blocks = blocksHere({ makers: { s3: s3Maker } });
    await blocks.save("main", s3());
    const error = await refusal(blocks.load("block:s3/main"));
    expect(error.message).toMatch(/block:s3\/main cannot be made: (Error|object)\n/);
    expect(inspect(error)).not.toContain(encodeURIComponent(secret));
    expect(error.cause).toBeUndefined();
  });
});

describe("a file that cannot be used", () => {
  it.each<[string, string | object, RegExp]>([
    ["is no JSON", `{"password": "${secret}"`, /is damaged: it is not JSON/],
    ["is empty", "", /is damaged/],
    ["is null", "null", /is damaged/],
    ["has no version", {}, /no format version/],
    ["is newer", { formatVersion: 2 }, /format version 2, and this release knows 1[^]*update oxbow/],
    ["is of another name", { formatVersion: 1, type: "s3", name: "other" }, /belongs to another block/],
    ["has no time", { formatVersion: 1, type: "s3", name: "main" }, /created is no time/],
    ["has no args", { formatVersion: 1, type: "s3", name: "main", created: "2026-01-01" }, /args is no list/],
    [
      "has no secrets",
      { formatVersion: 1, type: "s3", name: "main", created: "2026-01-01", args: [] },
      /secrets is no list/,
    ],
    [
      "has secrets without a key",
      {
        formatVersion: 1,
        type: "s3",
        name: "main",
        created: "2026-01-01",
        args: [],
        secrets: [{ path: "0", sealed: "" }],
      },
      /does not say with which key/,
    ],
  ])("says so: it %s", async (_, content, message) => {
    mkdirSync(join(home, "blocks", "s3"), { recursive: true });
    writeFileSync(pathOf("s3/main"), typeof content === "string" ? content : JSON.stringify(content));
    const error = await refusal(blocksHere().load("block:s3/main"));
    expect(error.message).toMatch(message);
    expect(error.message).toContain("block:s3/main");
    expect((await refusal(blocksHere().inspect("block:s3/main"))).message).toBe(error.message);
  });

  it("says so: nothing makes its type any more", async () => {
    await blocksHere().save("main", s3());
    const error = await refusal(blocksHere({ makers: { s33: memoryStorage } }).load("block:s3/main"));
    expect(error.message).toContain('block:s3/main cannot be made: there is no type "s3"');
    expect(error.hint).toBe('did you mean "s33"? there are s33');
  });
});

describe("several processes", () => {
  const script = (body: string): string => `
    const { createBlocks } = await import("${pathToFileURL(join(import.meta.dirname, "blocks.ts")).href}");
    const makers = { s3: () => { throw new Error("not here"); } };
    const blocks = createBlocks({ home: () => ${JSON.stringify(home)}, makers });
    const resource = (args) => ({ kind: "s3", put() {}, configuration: { type: "s3", args, secrets: ["0"] } });
    ${body}`;
  const start = (body: string): ChildProcess =>
    spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", script(body)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
  const outputOf = (child: ChildProcess): Promise<string> =>
    new Promise((resolve, reject) => {
      let text = "";
      child.stdout!.on("data", (chunk: Buffer) => void (text += chunk.toString()));
      child.on("close", () => resolve(text));
      child.on("error", reject);
    });
  /** Each says that it is ready, and goes on when all are. */
  async function together(count: number, body: string): Promise<readonly string[]> {
    const children = Array.from({ length: count }, (_, index) =>
      start(`const me = ${index}; console.log("ready"); for await (const _ of process.stdin) break; ${body}`),
    );
    const outputs = children.map(outputOf);
    await Promise.all(children.map((child) => new Promise((resolve) => child.stdout!.once("data", resolve))));
    for (const child of children) child.stdin!.end("go\n");
    return (await Promise.all(outputs)).map((text) => text.replace("ready\n", "").trim());
  }

  it("that save one name, and need the key, at once: one of them wins, the key is one", async () => {
    const outputs = await together(
      4,
      `for (let i = 0; i < 20; i++)
         await blocks.save("n" + i, resource(["secret-" + me])).then(() => console.log("won " + i), (e) => console.log(e.code));`,
    );
    const lines = outputs.flatMap((text) => text.split("\n"));
    for (let i = 0; i < 20; i++) expect(lines.filter((line) => line === `won ${i}`).length).toBe(1);
    expect(lines.filter((line) => line === "OXBOW_OPTION_INVALID").length).toBe(60);
    made.length = 0;
    for (let i = 0; i < 20; i++) await blocksHere().load(`block:s3/n${i}`);
    for (const [value] of made) expect(value).toMatch(/^secret-[0-3]$/);
    expect(readdirSync(join(home, "blocks", ".tmp"))).toEqual([]);
  });

  it("that replace one name at once leave one whole file, and so does one that is killed", async () => {
    const body = `for (let i = 0; ; i++) { await blocks.save("main", resource(["s".repeat(5000 + me * 50000)]), { overwrite: true }); console.log(i); }`;
    const children = [0, 1].map((me) => start(`const me = ${me}; ${body}`));
    const outputs = children.map(outputOf);
    await Promise.all(children.map((child) => new Promise((resolve) => child.stdout!.once("data", resolve))));
    made.length = 0;
    for (let i = 0; i < 200; i++) await blocksHere().load("block:s3/main");
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(outputs);
    await blocksHere().load("block:s3/main");
    expect(made.length).toBe(201);
    for (const [value] of made) expect([5000, 55000]).toContain((value as string).length);

    await blocksHere().save("other", s3());
    expect(readdirSync(join(home, "blocks", ".tmp"))).toEqual([]);
  });
});

const sample = {
  formatVersion: 1,
  createdAt: 0,
  serializer: "json",
  sha256: "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4",
  durationMs: 1,
  taskName: "t",
  taskRunId: "r",
  tags: [],
  components: {},
};
