import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { oxbow } from "../../tests/cli/fake-terminal.ts";
import { fileStorage, saveBlock } from "../index.ts";
import { forgetSettingsFiles } from "../settings/settings.ts";

let home: string;
const profiles = (): string => readFileSync(join(home, "profiles.toml"), "utf8");

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "oxbow-cli-"));
  vi.stubEnv("OXBOW_HOME", home);
  vi.stubEnv("OXBOW_HISTORY_ENABLED", "");
  forgetSettingsFiles();
});
afterEach(() => {
  vi.unstubAllEnvs();
  forgetSettingsFiles();
});

describe("oxbow config", () => {
  it("sets, shows and unsets settings of the active profile", async () => {
    expect(await oxbow(["config", "set", "tasks.concurrency=7", "OXBOW_CACHING_STRICT=true"])).toMatchObject({
      code: 0,
    });
    expect(profiles()).toContain("concurrency = 7");
    const changed = (await oxbow(["config", "view", "--changed", "--json"])).json();
    expect(changed).toMatchObject([
      { name: "home", value: home, source: "the environment" },
      { name: "tasks.concurrency", env: "OXBOW_TASKS_CONCURRENCY", value: 7 },
      { name: "caching.strict", value: true, source: expect.stringContaining('profile "default"') },
    ]);
    await oxbow(["config", "unset", "tasks.concurrency"]);
    expect((await oxbow(["config", "view", "tasks.concurrency"])).stdout).toMatch(
      /^SETTING +VALUE +SOURCE\ntasks.concurrency +100 +default\n$/,
    );
  });

  it.each([
    [["config", "set", "tasks.concurency=7"], "did you mean tasks.concurrency?"],
    [["config", "set", "tasks.concurrency=many"], 'is "many", expected'],
    [["config", "set", "tasks.concurrency"], "sets nothing"],
    [["config", "set", "home=/x"], "cannot be set by a profile"],
    [["config", "view", "nothing"], "Unknown setting nothing"],
    [["config", "veiw"], "did you mean view?"],
  ])("refuses %j, and writes nothing", async (args, words) => {
    const { code, stderr } = await oxbow(args);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(profiles).toThrow("ENOENT");
  });

  it("says where what was set does not come into effect", async () => {
    vi.stubEnv("OXBOW_TASKS_CONCURRENCY", "3");
    const { stderr } = await oxbow(["config", "set", "tasks.concurrency=7"]);
    expect(stderr).toContain("note: tasks.concurrency is set by the environment as well");
  });

  it("shows no password", async () => {
    await oxbow(["config", "set", "database.url=postgres://me:hunter2@host/db?password=hunter2"]);
    for (const args of [
      ["config", "view"],
      ["config", "view", "--json"],
      ["profile", "inspect"],
    ]) {
      const { stdout } = await oxbow(args);
      expect(stdout).toContain("postgres://me:********@host/db");
      expect(stdout).not.toContain("hunter2");
    }
  });

  it("validates all profiles, and a setting that is wrong can be taken out", async () => {
    expect(await oxbow(["config", "validate"])).toMatchObject({ code: 0, stdout: "All settings are valid\n" });
    writeFileSync(
      join(home, "profiles.toml"),
      "[profiles.default]\ntasks.concurrency = 0\n[profiles.other]\nno.such = 1\n",
    );
    forgetSettingsFiles();
    const { code, stdout } = await oxbow(["config", "validate", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      problems: [{ where: "settings" }, { where: 'profile "other"' }],
    });
    expect((await oxbow(["config", "view"])).code).toBe(2);
    expect(await oxbow(["config", "unset", "tasks.concurrency"])).toMatchObject({ code: 0 });
    expect((await oxbow(["config", "view"])).code).toBe(0);
  });
});

describe("oxbow profile", () => {
  it("makes, uses, renames and deletes profiles", async () => {
    await oxbow(["config", "set", "tasks.concurrency=7"]);
    expect((await oxbow(["profile", "create", "work", "--from", "default", "--use"])).code).toBe(0);
    expect((await oxbow(["profile", "ls"])).stdout).toBe(
      "   PROFILE  SETTINGS\n   default         1\n*  work            1\n",
    );
    expect((await oxbow(["profile", "inspect", "--json"])).json()).toEqual({
      name: "work",
      settings: { "tasks.concurrency": 7 },
    });
    expect((await oxbow(["profile", "delete", "work", "--yes"])).stderr).toContain("is active");
    await oxbow(["profile", "rename", "work", "office"]);
    await oxbow(["profile", "use", "default"]);
    expect(await oxbow(["profile", "delete", "office", "--yes"])).toMatchObject({ code: 0 });
    expect((await oxbow(["profile", "ls", "--json"])).json()).toEqual([{ name: "default", active: true, settings: 1 }]);
  });

  it("deletes nothing unasked", async () => {
    await oxbow(["profile", "create", "work"]);
    const { code, stderr } = await oxbow(["profile", "delete", "work"]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("hint: say --yes") });
    expect(profiles()).toContain("work");
    expect((await oxbow(["profile", "use", "wrk"])).code).toBe(2);
  });

  it("says where another profile is chosen by the environment", async () => {
    await oxbow(["profile", "create", "work"]);
    vi.stubEnv("OXBOW_PROFILE", "default");
    expect((await oxbow(["profile", "use", "work"])).stderr).toContain('it is "default", by the environment');
  });
});

describe("oxbow block", () => {
  it("lists, shows and deletes blocks", async () => {
    expect(await oxbow(["block", "ls", "--json"])).toMatchObject({ code: 0, stdout: "[]\n" });
    const reference = await saveBlock("results", fileStorage(join(home, "results")));
    expect((await oxbow(["block", "ls"])).stdout).toContain("block:file/results");
    expect((await oxbow(["block", "inspect", reference, "--json"])).json()).toMatchObject({
      type: "file",
      name: "results",
    });
    expect((await oxbow(["block", "inspect", reference])).stdout).toContain(join(home, "results"));
    expect((await oxbow(["block", "inspect", "block:file/result"])).stderr).toContain(
      'did you mean "block:file/results"?',
    );
    expect(await oxbow(["block", "delete", reference])).toMatchObject({ code: 2 });
    expect(await oxbow(["block", "delete", reference, "--yes"])).toMatchObject({ code: 0 });
    expect((await oxbow(["block", "delete", reference, "--yes"])).stderr).toContain("does not exist");
  });
});
