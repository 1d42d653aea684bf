/*
 * Runs each example as a reader would, in a process of its own with an empty home, and compares what it prints with
 * expected/<name>.txt. A name with a part after a dot is another run of the same example: `again` in the same home,
 * `environment` with a setting from the environment.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { S3TestServer } from "../../tests/services/s3-server.ts";
import { redisUrl } from "../../tests/services/services.ts";

const folder = import.meta.dirname;
const root = join(folder, "..", "..");
const namesOf = (place: string, ending: string): string[] =>
  readdirSync(place).flatMap((name) =>
    name.endsWith(ending) && !name.endsWith(`.test${ending}`) ? [name.slice(0, -ending.length)] : [],
  );
const examples = namesOf(folder, ".ts");
const expectations = namesOf(join(folder, "expected"), ".txt");

const environments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "persist-everything": { OXBOW_RESULTS_PERSIST_BY_DEFAULT: "true" },
  "refresh-all": { OXBOW_TASKS_REFRESH_CACHE: "true" },
};

/** What needs a server, which is asked for when its turn has come; the end of the run says why there is none. */
const needsRedis: ReadonlySet<string> = new Set(["locks-in-redis"]);
const needsS3: ReadonlySet<string> = new Set(["result-storage-block", "key-storage-block"]);

interface Run {
  readonly stdout: string;
  readonly stderr: string;
}

const homes: string[] = [];
afterAll(() => homes.forEach((home) => rmSync(home, { recursive: true, force: true })));

function freshHome(): string {
  const home = mkdtempSync(join(tmpdir(), "oxbow-seeds-"));
  homes.push(home);
  return home;
}

/** A bucket of its own for an example, on a server that ends with the test. */
async function bucketFor(onTestFinished: (stop: () => Promise<void>) => void): Promise<Record<string, string>> {
  const server = await S3TestServer.start();
  onTestFinished(() => server.stop());
  const { accessKeyId, secretAccessKey, region } = server.account;
  return {
    S3_BUCKET: "test",
    AWS_ENDPOINT_URL_S3: server.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

let running = 0;
const waiting: Array<() => void> = [];

/** Runs an example; never more than two at once. Rejects where it does not exit with 0. */
async function run(example: string, home: string, settings: Readonly<Record<string, string>> = {}): Promise<Run> {
  if (running >= 2) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("OXBOW_") && name !== "NODE_ENV");
    const env = { ...Object.fromEntries(inherited), OXBOW_HOME: home, NO_COLOR: "1", ...settings };
    return await promisify(execFile)(process.execPath, ["--experimental-strip-types", `examples/seeds/${example}.ts`], {
      cwd: root,
      env,
    });
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

function expected(name: string): string {
  return readFileSync(join(folder, "expected", `${name}.txt`), "utf8");
}

/** The lines of the log, without what differs from run to run: times, ids and lengths of time. */
function logLines({ stderr }: Run): string[] {
  const lines = stderr.split("\n").filter((line) => / \| [A-Z]+ +\| /.test(line));
  for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} \| (?:INFO   |WARN   |ERROR  ) \| /);
  return lines.map((line) =>
    line
      .replace(/^\S+ \| (\w+) +\| /, "$1 ")
      .replaceAll(/([Tt])ask run '([\w-]+)-[0-9a-f]{3}'/g, "$1ask run '$2-…'")
      .replaceAll(/(Beginning f|F)low run '[a-z]+-[a-z]+'/g, "$1low run '…'")
      .replaceAll(/\b\d+(?:\.\d+)? (?:ms|s|min|h|d)\b/g, "…"),
  );
}

/** The same, without the lines that say that a task run was made. */
function lastLines(result: Run): string[] {
  return logLines(result).filter((line) => !line.includes(" - Created task run "));
}

/** The same, as far as the documents show lines: without the reasons. */
function stateLines(result: Run): string[] {
  return logLines(result).map((line) => line.replace(/ - (?:miss|hit|refreshed|uncached): .*/, ""));
}

const compare = (left = "", right = ""): number => (left < right ? -1 : Number(left > right));

test("every example has an expected output, and every expected output an example", () => {
  expect([...new Set(expectations.map((name) => name.split(".")[0]))].toSorted(compare)).toEqual(
    examples.toSorted(compare),
  );
});

test("every example begins with what it shows", () => {
  for (const name of examples) expect(readFileSync(join(folder, `${name}.ts`), "utf8"), name).toMatch(/^\/\/ [A-Z`]/);
});

test("the list in the README is the list of examples", () => {
  const readme = readFileSync(join(folder, "README.md"), "utf8");
  const listed = Array.from(readme.matchAll(/^\| \[([\w-]+)\]\((.+?)\)/gm), ([, name, link]) => [name, link]);
  expect(listed.map(String).toSorted(compare)).toEqual(examples.map((name) => `${name},${name}.ts`).toSorted(compare));
});

describe("each example prints what it should", { timeout: 60_000 }, () => {
  test.concurrent.for(examples)("%s", async (name, { expect: expectHere, skip, onTestFinished }) => {
    const home = freshHome();
    const redis = needsRedis.has(name) ? await redisUrl() : undefined;
    if (needsRedis.has(name) && redis === undefined) skip("there is no Redis");
    const settings: Record<string, string> = redis === undefined ? {} : { OXBOW_TEST_REDIS_URL: redis };
    if (needsS3.has(name)) Object.assign(settings, await bucketFor(onTestFinished));
    expectHere((await run(name, home, settings)).stdout).toBe(expected(name));
    if (!expectations.includes(`${name}.again`)) return;
    expectHere((await run(name, home, settings)).stdout, "the second time").toBe(expected(`${name}.again`));
  });

  test.concurrent.for(Object.keys(environments))(
    "%s, with the setting in the environment",
    async (name, { expect: expectHere }) => {
      expectHere((await run(name, freshHome(), environments[name])).stdout).toBe(expected(`${name}.environment`));
    },
  );
});

describe("the log tells what the documents show", { timeout: 60_000 }, () => {
  test("persist-result", async () => {
    expect(stateLines(await run("persist-result", freshHome()))).toEqual([
      "INFO Flow run '…' - Beginning flow run '…' for flow 'my-flow'",
      "INFO Task run 'add-one-…' - Finished in state Completed()",
      "INFO Task run 'add-one-…' - Finished in state Cached(type=COMPLETED)",
      "INFO Task run 'add-one-…' - Finished in state Completed()",
      "INFO Flow run '…' - 3 task runs: 1 hit, 2 misses; saved …",
      "INFO Flow run '…' - Finished in state Completed()",
    ]);
  });

  test("read-committed-isolation", async () => {
    expect(stateLines(await run("read-committed-isolation", freshHome())).sort()).toEqual([
      "INFO Task run 'my-task-version-1-…' - Created task run 'my-task-version-1-…' for task 'my-task-version-1'",
      "INFO Task run 'my-task-version-1-…' - Finished in state Completed()",
      "INFO Task run 'my-task-version-2-…' - Created task run 'my-task-version-2-…' for task 'my-task-version-2'",
      "INFO Task run 'my-task-version-2-…' - Finished in state Completed()",
    ]);
  });

  test("serializable-isolation", async () => {
    expect(stateLines(await run("serializable-isolation", freshHome())).sort()).toEqual([
      "INFO Task run 'my-task-version-1-…' - Created task run 'my-task-version-1-…' for task 'my-task-version-1'",
      "INFO Task run 'my-task-version-1-…' - Finished in state Completed()",
      "INFO Task run 'my-task-version-2-…' - Created task run 'my-task-version-2-…' for task 'my-task-version-2'",
      "INFO Task run 'my-task-version-2-…' - Finished in state Cached(type=COMPLETED)",
    ]);
  });

  test("multi-task-cache", async () => {
    const lines = stateLines(await run("multi-task-cache", freshHome()));
    expect(lines.filter((line) => line.includes("run 'load-data-…' - Finished in state "))).toEqual([
      "INFO Task run 'load-data-…' - Finished in state Completed()",
      "INFO Task run 'load-data-…' - Finished in state RolledBack('Rolled back with its transaction: Task run 'process-data-…' failed: Error: Error! Abort!', type=COMPLETED)",
      "INFO Task run 'load-data-…' - Finished in state Completed()",
      "INFO Task run 'load-data-…' - Finished in state Cached(type=COMPLETED)",
    ]);
  });
});

describe("the log tells why a cache does not work", { timeout: 60_000 }, () => {
  test("a hit on a record of another task names that task", async () => {
    const lines = lastLines(await run("shared-by-tasks-and-flows", freshHome()));
    expect(lines).toContain(
      "INFO Task run 'twice-…' - Finished in state Cached(type=COMPLETED) - hit: computed … ago by another task, 'double', saved …",
    );
  });

  test("a policy beside persistResult: false is warned of", async () => {
    const lines = lastLines(await run("persist-result-false", freshHome()));
    expect(lines[0]).toMatch(/^WARN Task 'add-one' - .*persistResult is false/);
  });

  test("an input that cannot be hashed is named, with ways out", async () => {
    const lines = lastLines(await run("unserializable-input-reported", freshHome()));
    expect(lines[0]).toMatch(
      /^WARN Task run 'fetch-page-…' - Not cached: .*args\.client\.send.*function.*\.omit\("client"\)/,
    );
  });

  test("a key function that is not deterministic is reported with both keys", async () => {
    const lines = lastLines(await run("key-function-not-deterministic", freshHome()));
    const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    expect(lines[0]).toMatch(
      new RegExp(`Task run 'add-one-…' - Not cached: .*not deterministic.*"1-${uuid}".*"1-${uuid}"`),
    );
  });

  test("an expired record is told from one that never was", async () => {
    expect(lastLines(await run("expiration", freshHome()))).toEqual([
      "INFO Task run 'weather-…' - Finished in state Completed() - miss: no record under this key",
      "INFO Task run 'weather-…' - Finished in state Cached(type=COMPLETED) - hit: computed … ago, saved …",
      "INFO Task run 'weather-…' - Finished in state Completed() - miss: the record expired … ago",
    ]);
  });

  test.for([
    ["unwritable-storage", []],
    ["unwritable-home", [expect.stringMatching(/oxbow - The run history cannot be written: .*seeds/)]],
  ] as const)("%s: a result that could not be stored is an ERROR line", async ([name, more]) => {
    const lines = lastLines(await run(name, freshHome()));
    expect(lines.filter((line) => line.startsWith("ERROR "))).toEqual([
      expect.stringMatching(/Task run 'add-one-…' - The result could not be stored: .*seeds/),
      ...more,
    ]);
  });
});
