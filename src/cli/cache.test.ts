import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { oxbow, type Ran } from "../../tests/cli/fake-terminal.ts";
import { flushHistory } from "../defaults/history.ts";
import { fileStorage, INPUTS, saveBlock, task } from "../index.ts";

const cwd = join(import.meta.dirname, "..", "..", "tests", "cli", "files");
const cache = (...args: string[]): Promise<Ran> => oxbow(["cache", ...args], { cwd });

async function run(...args: string[]): Promise<void> {
  expect((await oxbow(["run", ...args, "--log-level", "off"], { cwd })).code).toBe(0);
  await flushHistory();
}

beforeEach(async () => {
  vi.stubEnv("OXBOW_HOME", mkdtempSync(join(tmpdir(), "oxbow-cli-")));
  vi.stubEnv("OXBOW_HISTORY_ENABLED", "true");
});
afterEach(async () => {
  await flushHistory();
  vi.unstubAllEnvs();
});

describe("oxbow cache", () => {
  it("lists, filters, counts and shows records", async () => {
    await run("flows.ts:sums", "-p", "xs=[1,2]");
    await run("flows.ts:sums", "-p", "xs=[2]");
    await run("one-task.ts", "-p", "x=3");
    const rows = (await cache("ls", "--json")).json();
    expect(rows.map(({ taskName }: { taskName: string }) => taskName).toSorted()).toEqual([
      "double",
      "double",
      "square",
    ]);
    for (const [args, count] of [
      [["--task", "double"], 2],
      [["--flow", "sums"], 2],
      [["--older-than", "1 day"], 0],
      [["--newer-than", "1 day"], 3],
      [["--expired"], 0],
      [["--tag", "none"], 0],
      [["--larger-than", "1KiB"], 0],
      [["--key", rows[0].key.slice(0, 20)], 1],
      [["--limit", "2"], 2],
    ] as const) {
      expect((await cache("ls", "--json", ...args)).json(), args.join(" ")).toHaveLength(count);
    }
    expect((await cache("ls", "--limit", "2")).stderr).toContain("There are more: --limit 20");
    expect((await cache("stats", "--json")).json()).toMatchObject({ records: 3, hits: 1, misses: 3 });
    expect((await cache("stats")).stdout).toMatch(/Hits +1 of 4 lookups, 25 %/);
    const square = rows.find(({ taskName }: { taskName: string }) => taskName === "square");
    expect((await cache("show", square.key.slice(0, 10))).stdout).toMatch(/Value +9\n/);
    expect((await cache("show", square.key, "--json")).json()).toMatchObject({ status: "valid", value: { text: "9" } });
    expect((await cache("why", "square")).stdout).toContain("miss");
    const [a, b] = rows.filter(({ taskName }: { taskName: string }) => taskName === "double");
    expect((await cache("diff", a.key, b.key)).stdout).toMatch(/inputs\.x +≠ +[12] +[12]/);
  });

  it.each<readonly [readonly string[], number, string]>([
    [["show", "nothing"], 1, "There is no record nothing"],
    [["why", "nothing"], 1, "oxbow task-run ls"],
    [["rm"], 2, "--all means every record"],
    [["rm", "nothing", "--yes"], 1, "There is no record nothing"],
    [["diff", "nothing", "none"], 1, "There is no record nothing"],
    ...["task", "flow", "flow-run", "tag", "key", "storage", "key-storage", "older-than", "larger-than"].map(
      (option) => [["rm", `--${option}`, "", "--yes"], 2, `--${option} is empty`] as const,
    ),
    [["ls", "--key", ""], 2, "--key is empty"],
    [["why", "x", "--storage", ""], 2, "--storage is empty"],
    [["pull", "--from", ""], 2, "--from is empty"],
    [["ls", "--storage", "./none"], 2, "There is no folder ./none"],
    [["ls", "--storage", "s3://bucket"], 2, "saveBlock(name, storage)"],
    [["ls", "--storage", "block:file/none"], 2, "block:file/none does not exist"],
    [["ls", "--older-than", "long"], 2, "is not a duration"],
    [["ls", "--larger-than", "big"], 2, "is no size"],
    [["gc", "--max-size", "big"], 2, "is no size"],
    [["pull"], 2, "required option"],
    [["revoke", "nothing"], 1, "No change of"],
  ])("%j ends with %d", async (args, code, words) => {
    const ran = await cache(...args);
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toContain(words);
  });

  it("removes what is chosen, when it was asked, and nothing else", async () => {
    await run("flows.ts:sums", "-p", "xs=[1,2]");
    await run("one-task.ts", "-p", "x=3");
    expect(await cache("rm", "--task", "double")).toMatchObject({ code: 2 });
    expect((await cache("rm", "--task", "double", "--dry-run")).stderr).toContain("Would remove 2 records");
    expect((await cache("ls", "--json")).json()).toHaveLength(3);
    expect((await cache("rm", "--task", "double", "--yes", "--json")).json()).toMatchObject({ records: 2 });
    const [{ key }] = (await cache("ls", "--json")).json();
    expect((await cache("rm", key.slice(0, 8), "--yes")).stderr).toContain("Removed 1 record");
    expect((await cache("ls")).stderr).toContain("There are no such records");
  });

  it("takes a key for that key, and not for the beginning of others", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-cli-"));
    const named = task("named", { resultStorage: fileStorage(folder), resultStorageKey: "key-{x}" }, (x: number) => x);
    for (const x of [1, 10, 11]) await named(x);
    expect((await cache("rm", "key-1", "--storage", folder, "--yes")).stderr).toContain("Removed 1 record");
    expect((await cache("rm", "key-", "--storage", folder, "--yes")).stderr).toContain("Several keys begin with");
    const left = (await cache("ls", "--storage", folder, "--json")).json();
    expect(left.map(({ key }: { key: string }) => key)).toEqual(["key-10", "key-11"]);
  });

  it("collects what has expired, and what exceeds the limits", async () => {
    const short = task("short", { cachePolicy: INPUTS, persistResult: true, cacheExpiration: "1ms" }, (x: number) => x);
    await short(1);
    await run("one-task.ts", "-p", "x=3");
    await vi.waitFor(async () => expect((await cache("ls", "--expired", "--json")).json()).toHaveLength(1));
    expect((await cache("gc", "--dry-run")).stdout).toMatch(/^WOULD REMOVE +NUMBER +SIZE\nexpired +1 /);
    expect(await cache("gc")).toMatchObject({ code: 2 });
    expect((await cache("gc", "--yes", "--json")).json()).toMatchObject({ removed: { expired: { records: 1 } } });
    expect((await cache("gc", "--yes")).stderr).toContain("There is nothing to remove");
    expect((await cache("gc", "--max-size", "1B", "--yes")).stdout).toContain("least recently used");
  });

  it("finds damaged records, and removes them when told to", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-cli-"));
    const kept = task("kept", { resultStorage: fileStorage(folder), resultStorageKey: "kept" }, () => "value");
    await kept();
    expect((await cache("verify", "--storage", folder)).stderr).toContain("Verified 1 record, 7 B: 0 damaged");
    const bytes = readFileSync(join(folder, "kept"));
    bytes[bytes.length - 2]! ^= 1;
    writeFileSync(join(folder, "kept"), bytes);
    const found = await cache("verify", "--storage", folder);
    expect(found.code).toBe(1);
    expect(found.stdout).toContain("damaged kept");
    expect(await cache("verify", "--storage", folder, "--repair", "--json")).toMatchObject({ code: 0 });
    expect((await cache("ls", "--storage", folder, "--json")).json()).toEqual([]);
  });

  it("copies records from another storage", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-cli-"));
    const shared = await saveBlock("shared", fileStorage(folder));
    const squared = task("square", { cachePolicy: INPUTS, resultStorage: shared }, (x: number) => x * x);
    await squared(4);
    expect((await cache("pull", "--from", shared, "--dry-run")).stderr).toContain("Would copy 1 record");
    expect((await cache("pull", "--from", shared, "--json")).json()).toMatchObject({ copied: { records: 1 } });
    expect((await cache("pull", "--from", folder)).stderr).toContain("Copied 0 records, 0 B; 1 were there already");
    expect(await cache("pull", "--from", folder, "--storage", folder)).toMatchObject({ code: 2 });
  });

  it("accepts a change of a task and takes that back", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-cli-"));
    const index = join(import.meta.dirname, "..", "index.ts");
    const write = (name: string, code: string): void =>
      writeFileSync(
        join(folder, name),
        `import { INPUTS, TASK_SOURCE, task } from ${JSON.stringify(index)};
         export const changing = task("changing", { cachePolicy: INPUTS.and(TASK_SOURCE), persistResult: true }, (x) => ${code});`,
      );
    write("before.mjs", "x + 1");
    write("after.mjs", "1 + x");
    const at = (...args: string[]): Promise<Ran> => oxbow(args, { cwd: folder });
    const outcome = async (file: string): Promise<string> => {
      const { stdout } = await at("run", file, "-p", "x=1", "--json", "--log-level", "off");
      await flushHistory();
      return JSON.parse(stdout.trim().split("\n").at(-1)!).decision.outcome;
    };
    expect(await outcome("before.mjs")).toBe("miss");
    expect((await at("cache", "accept", "changing", "before.mjs")).stderr).toContain("has no other source");
    expect(await at("cache", "accept", "changing", "after.mjs")).toMatchObject({ code: 0 });
    expect((await at("cache", "accepted", "--json")).json()).toMatchObject([{ taskName: "changing" }]);
    expect((await at("cache", "revoke", "changing")).stderr).toContain("Revoked 1 change");
    expect(await at("cache", "accepted", "--json")).toMatchObject({ stdout: "[]\n" });
  });
});
