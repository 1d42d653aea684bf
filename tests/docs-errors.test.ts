import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  cacheKey,
  cacheKeyFn,
  fileStorage,
  INPUTS,
  memoryLocks,
  memoryStorage,
  OxbowError,
  ResultStore,
  sqliteLocks,
  task,
  transaction,
  withSettings,
  type LockManager,
  type Storage,
  type TaskOptions,
} from "../src/index.ts";
import { errorCodes, type ErrorCode } from "../src/kernel/errors.ts";
import { json, serializerFor } from "../src/serializers/index.ts";
import { settingByEnvName } from "../src/settings/schema.ts";
import { TestClock, withClock } from "../src/testing/index.ts";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/errors.md"), "utf8");
const catalogue = readFileSync(join(root, "src/kernel/errors.ts"), "utf8");
const codes = Object.keys(errorCodes) as ErrorCode[];

/** The sections of the page, by heading. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end).trim(), section.slice(end).trim()] as const;
    }),
);

/** The source without tests and without the catalogue itself. */
const source = globSync("src/**/*.ts", { cwd: root })
  .filter((path) => !path.endsWith(".test.ts") && !path.replaceAll("\\", "/").endsWith("kernel/errors.ts"))
  .map((path) => readFileSync(join(root, path), "utf8"))
  .join("\n");

/** The class whose instances all have this code, for example `StorageError`. */
function classOf(code: ErrorCode): string | undefined {
  const chosen = catalogue.split("export class ").find((text) => text.includes(`super("${code}"`));
  return chosen && /^\w+/.exec(chosen)![0];
}

function isMade(code: ErrorCode): boolean {
  const name = classOf(code);
  return name === undefined ? source.includes(`"${code}"`) : source.includes(`new ${name}(`);
}

describe("docs/errors.md", () => {
  test("has one section per error code, in the order of the catalogue, and no other", () => {
    expect([...sections.keys()]).toEqual(codes);
    expect(page.match(/^## /gm)).toHaveLength(codes.length);
  });

  test.each(codes)("%s is explained: what it says, when, and what to do", (code) => {
    const section = sections.get(code) ?? "";
    expect(section.split("\n", 1)[0]).toBe(`${errorCodes[code]}.`);
    expect(section).toContain("**When.**");
    expect(section).toContain("**What to do.**");
    expect(examples(code)).not.toEqual([]);
  });

  test("names every code in its table of classes", () => {
    const table = page.slice(0, page.indexOf("\n## "));
    expect(codes.filter((code) => !table.includes(`\`${code}\``))).toEqual([]);
  });

  test("names no code that does not exist, here or on the other pages", () => {
    const pages = globSync("docs/**/*.md", { cwd: root }).map((path) => readFileSync(join(root, path), "utf8"));
    const named = new Set(pages.flatMap((text) => text.match(/\bOXBOW_[A-Z_]+\b/g) ?? []));
    // A prefix that is free for tests, the typing error that the pages show, and variables that are no settings.
    const others = ["OXBOW_TEST_", "OXBOW_TASKS_REFRESH", "OXBOW_BLOCKS_KEY", "OXBOW_DEBUG", "OXBOW_API_URL"];
    expect(
      [...named].filter((name) => !(name in errorCodes) && !settingByEnvName.has(name) && !others.includes(name)),
    ).toEqual([]);
  });
});

/** The example messages of a section. */
function examples(code: ErrorCode): string[] {
  return [...sections.get(code)!.matchAll(/^```text\n([\s\S]*?)\n```$/gm)].map((match) => match[1]!);
}

/** All task runs have the same name. */
function alike(text: string): string {
  return text.replaceAll(/-[0-9a-f]{3}'/g, "-d85'");
}

/** A message, where `…` stands for anything. */
function pattern(example: string): RegExp {
  const parts = example.split("…").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^\n]*")}$`);
}

class Client {
  readonly url = "";
}

const odd = task(
  "load",
  { cachePolicy: INPUTS, resultStorage: memoryStorage(), persistResult: true },
  (args: unknown) => args,
);

/** How to get the errors of the page: those that need no broken disk. */
const provoked: ReadonlyArray<readonly [code: ErrorCode, provoke: () => unknown]> = [
  ["OXBOW_DURATION_INVALID", () => task("load", { timeout: "soon" as "1s" }, () => 1)],
  ["OXBOW_OPTION_INVALID", () => task("load", { retries: -1 }, () => 1)],
  [
    "OXBOW_OPTION_INVALID",
    () => task("load", { cachePolicy: INPUTS.omit("logger") }, (url: string, log: boolean) => [url, log]),
  ],
  ["OXBOW_OPTION_UNKNOWN", () => task("load", { retrys: 1 } as object, () => 1)],
  [
    "OXBOW_POLICY_CONFLICT",
    () => INPUTS.configure({ keyStorage: "a" }).and(cacheKey("k").configure({ keyStorage: "b" })),
  ],
  ["OXBOW_RESULT_UNREADABLE", () => serializerFor("text")],
  ["OXBOW_RESULT_UNSERIALIZABLE", () => json().serialize({ rows: [1, 2, 3, { client: new Client() }] })],
  ["OXBOW_SETTING_INVALID", () => withVariable("OXBOW_TASKS_REFRESH_CACHE", "sometimes", () => odd(1))],
  [
    "OXBOW_SETTING_UNKNOWN",
    () => withVariable("OXBOW_TASKS_REFRESH", "true", () => withVariable("OXBOW_LOGGING_LEVEL", "off", () => odd(1))),
  ],
  ["OXBOW_TIMED_OUT", () => later(() => task("load", { timeout: "30s" }, () => new Promise(() => undefined))())],
  ["OXBOW_VALIDATION_FAILED", () => task("load", { input: refusing }, (url: string) => url)("x")],
  [
    "OXBOW_VALUE_UNHASHABLE",
    () => strictCause(() => task("load", { cachePolicy: INPUTS }, (client: object) => client)({ send: () => 1 })),
  ],
  ["OXBOW_KEY_INVALID", () => strictCause(() => task("load", { cachePolicy: cacheKeyFn(moving()) }, () => 1)())],
  ["OXBOW_RESULT_MISSING", readExpired],
  [
    "OXBOW_CACHING_FAILED",
    () =>
      strict(() =>
        task("load", { cachePolicy: INPUTS, resultStorage: fileStorage(import.meta.filename) }, (x: number) => x)(1),
      ),
  ],
  ["OXBOW_CANCELLED", cancelOne],
  ["OXBOW_COMMIT_FAILED", () => transaction(() => careless("the mail server is down"))],
  ["OXBOW_COMMIT_FAILED", () => transaction(() => failing("check")().catch(() => undefined))],
  ["OXBOW_LOCKS_MISSING", () => serializable({ resultStorage: ofKind("postgres") })()],
  ["OXBOW_LOCK_DEADLOCK", waitInCircle],
  ["OXBOW_LOCK_FAILED", () => sqliteLocks(import.meta.filename).acquire("nightly", "somebody")],
  ["OXBOW_LOCK_LOST", loseLock],
  ["OXBOW_LOCK_LOST", writeTooLate],
  ["OXBOW_LOCK_TIMED_OUT", waitTooLong],
  ["OXBOW_TRANSACTION_ENDED", () => transaction((txn) => txn.rollback().then(() => txn.commit()))],
  ["OXBOW_TRANSACTION_VALUE_INVALID", () => transaction((txn) => txn.set("connection", () => 1))],
  ["OXBOW_TRANSACTION_VALUE_MISSING", () => transaction((txn) => void txn.get("path"))],
];

async function later<T>(fn: () => Promise<T>): Promise<T> {
  const clock = new TestClock();
  return withClock(clock, async () => {
    const result = fn();
    const [settled] = await Promise.all([Promise.allSettled([result]), clock.advance(30_000)]);
    return settled[0].status === "fulfilled" ? settled[0].value : Promise.reject(settled[0].reason as Error);
  });
}

async function readExpired(): Promise<unknown> {
  const clock = new TestClock();
  const store = new ResultStore({ storage: memoryStorage(), serializer: json(), clock });
  await store.write("answer", 42, { expiration: "1 h" });
  await clock.advance(3 * 3_600_000);
  return store.read("answer");
}

async function cancelOne(): Promise<unknown> {
  const future = task("download", () => new Promise(() => undefined)).submit();
  future.cancel();
  return future;
}

/** A task whose work is done, and whose commit hook throws. */
function careless(message: string): Promise<unknown> {
  const onCommit = (): never => {
    throw new Error(message);
  };
  return task(
    "careless",
    { cachePolicy: INPUTS, resultStorage: memoryStorage(), onCommit },
    (text: string) => text,
  )("x");
}

function failing(name: string): () => Promise<never> {
  return task(name, (): never => {
    throw new Error("no");
  });
}

function serializable(options: TaskOptions, key = "nightly", lockManager?: LockManager): () => Promise<number> {
  const cachePolicy = cacheKey(key).configure({ isolationLevel: "SERIALIZABLE", lockManager });
  return task("load", { cachePolicy, ...options }, () => 1);
}

/** A storage that brings no locks. */
function ofKind(kind: string): Storage {
  return new Proxy(memoryStorage(), {
    get(target, name) {
      const value: unknown = name === "kind" ? kind : Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function waitInCircle(): Promise<unknown> {
  const resultStorage = memoryStorage();
  const [one, two] = ["rates/EUR", "rates/USD"].map((key) => serializable({ resultStorage }, key));
  const [hasOne, hasTwo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = transaction(async () => {
    await one!();
    hasOne.resolve();
    await hasTwo.promise;
    return two!();
  });
  const second = transaction(async () => {
    await two!();
    await hasOne.promise;
    hasTwo.resolve();
    // The other one waits by now.
    await new Promise(setImmediate);
    return one!();
  });
  return Promise.all([first, second]);
}

async function loseLock(): Promise<void> {
  const clock = new TestClock();
  const lease = await memoryLocks({ clock }).acquire("nightly", "somebody", { holdTimeout: "20ms" });
  await clock.advance(20);
  await lease!.confirm();
}

async function writeTooLate(): Promise<unknown> {
  const store = new ResultStore({ storage: memoryStorage(), serializer: json() });
  const origin = { taskName: "load", taskRunId: "", durationMs: 0, tags: [], components: {} };
  const key = { text: "nightly", value: "nightly" };
  await store.save(key, "later", origin, 2, { fence: 2 });
  return store.save(key, "earlier", origin, 1, { fence: 1 });
}

async function waitTooLong(): Promise<unknown> {
  const locks = memoryLocks();
  await locks.acquire("nightly", "somebody");
  const load = serializable({ resultStorage: memoryStorage() }, "nightly", locks);
  return withSettings({ locks: { acquireTimeout: "1ms" } }, () => load());
}

const refusing = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: () => ({ issues: [{ message: "Invalid URL", path: ["url"] }] }),
  },
} as const;

function moving(): () => string {
  let now = 1_767_225_600_000;
  return () => String(now++);
}

async function withVariable(name: string, value: string, fn: () => unknown): Promise<void> {
  process.env[name] = value;
  try {
    await fn();
  } finally {
    delete process.env[name];
  }
}

function strict<T>(fn: () => T): T {
  return withSettings({ caching: { strict: true }, logging: { level: "off" } }, fn);
}

/** The error behind the CachingError that a strict cache throws. */
async function strictCause(fn: () => Promise<unknown>): Promise<never> {
  const error = await strict(fn).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  throw (error as OxbowError).cause;
}

test.each(provoked)("the example of %s is a message that Oxbow writes", async (code, provoke) => {
  const error = await withSettings({ logging: { level: "off" } }, async () => provoke()).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(OxbowError);
  const message = alike(
    (error as OxbowError).message.replaceAll(import.meta.filename, "/data/results").replace(/memory #\d+/, "memory #1"),
  );
  expect((error as OxbowError).code).toBe(code);
  const shown = examples(code).map(alike);
  expect(shown.some((example) => pattern(example).test(message)) ? message : shown).toBe(message);
});

describe("the catalogue of errors", () => {
  test("is in alphabetical order", () => {
    expect(codes).toEqual(codes.toSorted());
  });

  test.each(codes)("%s is thrown somewhere", (code) => {
    expect(isMade(code)).toBe(true);
  });

  test("holds every code that the source names", () => {
    const named = new Set([...source.matchAll(/Error\(\s*"(OXBOW_\w+)"/g)].map((match) => match[1]!));
    expect([...named].filter((code) => !(code in errorCodes))).toEqual([]);
  });
});
