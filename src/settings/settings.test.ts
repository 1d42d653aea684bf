import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigurationError } from "../kernel/errors.ts";
import { declarations, envNameOf, settingNames, type SettingName } from "./schema.ts";
import { describeSettings, forgetSettingsFiles, loadSettings, type SettingsOverrides } from "./settings.ts";

const before = { cwd: process.cwd(), env: { ...process.env } };
let root: string;
let home: string;
let project: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "oxbow-settings-")));
  home = join(root, "home");
  project = join(root, "work", "project");
  mkdirSync(project, { recursive: true });
  mkdirSync(home);
  process.chdir(project);
  for (const name of Object.keys(process.env)) if (name.startsWith("OXBOW_")) delete process.env[name];
  process.env["HOME"] = root;
  process.env["OXBOW_HOME"] = home;
  forgetSettingsFiles();
});

afterEach(() => {
  process.chdir(before.cwd);
  for (const name of Object.keys(process.env)) if (!(name in before.env)) delete process.env[name];
  Object.assign(process.env, before.env);
  rmSync(root, { recursive: true, force: true });
});

function put(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function get(name: SettingName, overrides?: SettingsOverrides): unknown {
  const [group, key] = name.split(".") as [string, string?];
  const settings = loadSettings(overrides) as Record<string, any>;
  return key === undefined ? settings[group] : settings[group][key];
}

function errorOf(load: () => unknown = loadSettings): ConfigurationError {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return error as ConfigurationError;
  }
  throw new Error("Nothing was thrown");
}

/** A value that is not the default: as text, as a file with types would have it, and what is made of it. */
function sampleOf(name: SettingName): { readonly text: string; readonly typed: unknown; readonly expected: unknown } {
  const declaration = declarations[name];
  switch (declaration.type) {
    case "boolean":
      return { text: declaration.default ? "off" : "On", typed: !declaration.default, expected: !declaration.default };
    case "integer":
      return { text: "7", typed: 7, expected: 7 };
    case "bytes":
      return { text: "2MiB", typed: 2_097_152, expected: 2_097_152 };
    case "path":
      return { text: join(root, "elsewhere"), typed: join(root, "elsewhere"), expected: join(root, "elsewhere") };
    case "choice":
      return {
        text: declaration.choices.at(-1)!.toUpperCase(),
        typed: declaration.choices.at(-1),
        expected: declaration.choices.at(-1),
      };
    case "duration":
      return { text: "7s", typed: "7s", expected: 7000 };
    case "delays":
      return { text: "3s, 4s", typed: ["3s", "4s"], expected: [3000, 4000, 4000] };
    case "string":
      return { text: "gzip", typed: "gzip", expected: "gzip" };
  }
}

const sources: Record<string, (name: SettingName, text: string, typed: unknown) => void> = {
  environment: (name, text) => (process.env[envNameOf(name)] = text),
  ".env": (name, text) => put(join(project, ".env"), `${envNameOf(name)}="${text}"\n`),
  "oxbow.toml": (name, _text, typed) => put(join(project, "oxbow.toml"), `${name} = ${JSON.stringify(typed)}\n`),
  "oxbow.toml as text": (name, text) => put(join(project, "oxbow.toml"), `"${name}" = ${JSON.stringify(text)}\n`),
  "package.json": (name, _text, typed) =>
    put(join(project, "package.json"), JSON.stringify({ oxbow: nested(name, typed) })),
  profile: (name, _text, typed) =>
    put(join(home, "profiles.toml"), `active = "p"\n[profiles.p]\n${name} = ${JSON.stringify(typed)}\n`),
  "profile by environment name": (name, text) =>
    put(join(home, "profiles.toml"), `active = "p"\n[profiles.p]\n${envNameOf(name)} = ${JSON.stringify(text)}\n`),
};

function nested(name: string, value: unknown): object {
  const [group, key] = name.split(".") as [string, string?];
  return { [group]: key === undefined ? value : { [key]: value } };
}

describe("loadSettings", () => {
  const table = settingNames.flatMap((name) => Object.keys(sources).map((source) => [name, source] as const));

  it.each(table)("reads %s from %s", (name, source) => {
    // A profile that is named has to exist, and a home that is named in a file gives way to the environment.
    put(join(home, "profiles.toml"), "[profiles.gzip]\n");
    if (name === "home") delete process.env["OXBOW_HOME"];
    const { text, typed, expected } = sampleOf(name);
    sources[source]!(name, text, typed);
    if (declarations[name].outsideProfiles && source.startsWith("profile")) {
      if (name === "home") process.env["OXBOW_HOME"] = home;
      expect(errorOf().message).toMatch(
        /(home|profile|OXBOW_\w+) in profile "p" of .*profiles\.toml cannot be set by a profile/,
      );
      return;
    }
    const value = get(name);
    expect(typeof value === "function" ? [1, 2, 3].map((failures) => value(failures)) : value).toEqual(expected);
  });

  it.each(settingNames.filter((name) => !declarations[name].outsideProfiles))("takes %s from withSettings", (name) => {
    const { typed, expected } = sampleOf(name);
    const value = get(name, nested(name, typed));
    expect(typeof value === "function" ? [1, 2, 3].map((failures) => value(failures)) : value).toEqual(expected);
  });

  it("prefers withSettings, environment, .env, oxbow.toml, package.json, profile, default, in this order", () => {
    expect(get("tasks.concurrency")).toBe(100);
    put(join(home, "profiles.toml"), 'active = "p"\n[profiles.p.tasks]\nconcurrency = 1\n');
    const next = (): unknown => {
      forgetSettingsFiles();
      return get("tasks.concurrency");
    };
    expect(next()).toBe(1);
    put(join(project, "package.json"), '{"name": "x", "oxbow": {"tasks": {"concurrency": 2}}}');
    expect(next()).toBe(2);
    put(join(project, "oxbow.toml"), "[tasks]\nconcurrency = 3\n");
    expect(next()).toBe(3);
    put(join(project, ".env"), "OXBOW_TASKS_CONCURRENCY=4\n");
    expect(next()).toBe(4);
    process.env["OXBOW_TASKS_CONCURRENCY"] = "5";
    expect(get("tasks.concurrency")).toBe(5);
    expect(get("tasks.concurrency", { tasks: { concurrency: 6 } })).toBe(6);
    expect(get("tasks.concurrency")).toBe(5);
  });

  it("merges sources setting by setting, not group by group", () => {
    put(join(project, "oxbow.toml"), "[tasks]\nconcurrency = 3\n");
    process.env["OXBOW_TASKS_DEFAULT_RETRIES"] = "2";
    expect(loadSettings({ tasks: { refreshCache: true } }).tasks).toMatchObject({
      concurrency: 3,
      defaultRetries: 2,
      refreshCache: true,
    });
  });

  it("returns the same frozen object until something changes", () => {
    const first = loadSettings();
    expect(loadSettings()).toBe(first);
    expect(Object.isFrozen(first) && Object.isFrozen(first.tasks)).toBe(true);
    process.env["OXBOW_TASKS_REFRESH_CACHE"] = "true";
    const second = loadSettings();
    expect(second.tasks.refreshCache).toBe(true);
    const overrides = { tasks: { concurrency: 1 } };
    expect(loadSettings(overrides)).toBe(loadSettings(overrides));
    delete process.env["OXBOW_TASKS_REFRESH_CACHE"];
    expect(loadSettings(overrides).tasks).toMatchObject({ concurrency: 1, refreshCache: false });
  });

  it("reads files once, also those that are not there", () => {
    const path = put(join(project, "oxbow.toml"), "tasks.concurrency = 3\n");
    expect(get("tasks.concurrency")).toBe(3);
    rmSync(path);
    put(join(project, ".env"), "OXBOW_TASKS_CONCURRENCY=nonsense\n");
    put(join(home, "profiles.toml"), "nonsense");
    process.env["OXBOW_TASKS_DEFAULT_RETRIES"] = "1";
    expect(loadSettings().tasks).toMatchObject({ concurrency: 3, defaultRetries: 1 });
  });

  it("notices another working folder, home folder and user folder", () => {
    put(join(root, "other", "oxbow.toml"), "tasks.concurrency = 3\n");
    expect(get("tasks.concurrency")).toBe(100);
    process.chdir(join(root, "other"));
    expect(get("tasks.concurrency")).toBe(3);
    process.env["OXBOW_HOME"] = "~/there";
    expect(get("results.storagePath")).toBe(join(root, "there", "storage"));
    process.env["HOME"] = project;
    expect(get("results.storagePath")).toBe(join(project, "there", "storage"));
    delete process.env["OXBOW_HOME"];
    expect(get("home")).toBe(join(project, ".oxbow"));
  });

  it("lets the storage and the profiles follow home", () => {
    put(join(root, "second", "profiles.toml"), '[profiles.default]\nOXBOW_LOGGING_LEVEL = "debug"\n');
    const settings = loadSettings({ home: "~/second" });
    expect(settings.results.storagePath).toBe(join(root, "second", "storage"));
    expect(settings.logging.level).toBe("debug");
  });

  it("takes relative paths in a file as relative to it", () => {
    put(join(root, "work", "oxbow.toml"), 'results.storagePath = "cache"\n');
    expect(get("results.storagePath")).toBe(join(root, "work", "cache"));
    process.env["OXBOW_RESULTS_STORAGE_PATH"] = "cache";
    expect(get("results.storagePath")).toBe(join(project, "cache"));
  });

  it("finds the nearest oxbow.toml and the nearest package.json that has settings", () => {
    put(join(root, "oxbow.toml"), "tasks.concurrency = 1\n");
    put(join(root, "work", "oxbow.toml"), "tasks.defaultRetries = 2\n");
    put(join(root, "work", "package.json"), '{"oxbow": {"flows.defaultRetries": 3}}');
    put(join(project, "package.json"), '{"name": "x", "dependencies": {"oxbow": "*"}}');
    const settings = loadSettings();
    expect([settings.tasks.concurrency, settings.tasks.defaultRetries, settings.flows.defaultRetries]).toEqual([
      100, 2, 3,
    ]);
  });

  it("ignores names of others in .env, empty values, and files of others", () => {
    put(join(project, ".env"), "HOME=/nowhere\nNAME=x\nOXBOW_DATABASE_URL=x\nOXBOW_TASKS_CONCURRENCY=\n");
    put(join(root, "package.json"), "{ broken");
    process.env["OXBOW_TASKS_DEFAULT_RETRIES"] = "";
    process.env["OXBOW_TEST_ANYTHING"] = "1";
    process.env["OXBOW_API_URL"] = "http://x";
    expect(loadSettings().tasks).toMatchObject({ concurrency: 100, defaultRetries: 0 });
    expect(loadSettings().home).toBe(home);
  });

  it("ignores a folder that is named .env", () => {
    mkdirSync(join(project, ".env"));
    expect(get("tasks.concurrency")).toBe(100);
  });

  it("works in a folder that was removed", () => {
    rmSync(project, { recursive: true });
    expect(get("tasks.concurrency")).toBe(100);
  });
});

describe("loadSettings, told something wrong,", () => {
  it("names an unknown variable and what was meant", () => {
    process.env["OXBOW_TASKS_CONCURENCY"] = "5";
    const error = errorOf();
    expect(error.code).toBe("OXBOW_SETTING_UNKNOWN");
    expect(error.message).toBe(
      "Unknown setting OXBOW_TASKS_CONCURENCY in the environment\n  hint: did you mean OXBOW_TASKS_CONCURRENCY?",
    );
  });

  it("notices an unknown variable that is set later, when a setting changes", () => {
    loadSettings();
    process.env["OXBOW_TASKS_CONCURENCY"] = "5";
    process.env["OXBOW_TASKS_CONCURRENCY"] = "5";
    expect(errorOf().code).toBe("OXBOW_SETTING_UNKNOWN");
  });

  it.each([
    ["oxbow.toml", "tasks.concurency = 5", "tasks.concurency in %/oxbow.toml", "tasks.concurrency"],
    ["oxbow.toml", "taks.concurrency = 5", "taks in %/oxbow.toml", undefined],
    ["oxbow.toml", "refresh_cache = true", "refresh_cache in %/oxbow.toml", "tasks.refreshCache"],
    ["package.json", '{"oxbow": {"tasks": {"retries": 1}}}', "tasks.retries in %/package.json#oxbow", undefined],
    [".env", "OXBOW_LOGING_LEVEL=info", "OXBOW_LOGING_LEVEL in %/.env", "OXBOW_LOGGING_LEVEL"],
    ["oxbow.toml", "__proto__.x = 5", "__proto__ in %/oxbow.toml", undefined],
  ])("names the source of an unknown setting: %s, %s", (file, text, where, meant) => {
    put(join(project, file), text);
    const error = errorOf();
    expect(error.code).toBe("OXBOW_SETTING_UNKNOWN");
    expect(error.message.split("\n")[0]).toBe(`Unknown setting ${where.replace("%", project)}`);
    if (meant) expect(error.hint).toBe(`did you mean ${meant}?`);
  });

  it.each(settingNames.filter((name) => !["path", "string"].includes(declarations[name].type)))(
    "refuses nonsense for %s and names its source",
    (name) => {
      process.env[envNameOf(name)] = "nonsense";
      expect(errorOf().message).toMatch(`${envNameOf(name)} in the environment is "nonsense", expected `);
      delete process.env[envNameOf(name)];
      put(join(project, "oxbow.toml"), `${name} = "nonsense"\n`);
      forgetSettingsFiles();
      expect(errorOf().message).toMatch(`${name} in ${project}/oxbow.toml is "nonsense", expected `);
      rmSync(join(project, "oxbow.toml"));
      forgetSettingsFiles();
      const error = errorOf(() => loadSettings(nested(name, "nonsense")));
      expect(error.message).toMatch(`${name} in withSettings is "nonsense", expected `);
      expect(error.code).toBe("OXBOW_SETTING_INVALID");
    },
  );

  it("refuses a value where a group is, and a group where a value is", () => {
    expect(errorOf(() => loadSettings({ tasks: 5 } as never)).message).toBe(
      "tasks in withSettings is 5, expected a table of settings",
    );
    expect(errorOf(() => loadSettings({ tasks: { concurrency: { x: 1 } } } as never)).message).toMatch(
      'tasks.concurrency in withSettings is {"x":1}',
    );
  });

  it("refuses a setting that one source sets twice", () => {
    put(join(project, "oxbow.toml"), '"tasks.concurrency" = 1\nOXBOW_TASKS_CONCURRENCY = 2\n');
    expect(errorOf().message).toBe(
      `OXBOW_TASKS_CONCURRENCY in ${project}/oxbow.toml was set before, as tasks.concurrency`,
    );
  });

  it("names file and line of a syntax error", () => {
    put(join(project, "oxbow.toml"), "[tasks]\nconcurrency = = 5\n");
    expect(errorOf().message).toMatch(new RegExp(`^${project}/oxbow.toml:2:\\d+ is not TOML: `));
    rmSync(join(project, "oxbow.toml"));
    put(join(project, "package.json"), '{"oxbow": }');
    expect(errorOf().message).toMatch(`${project}/package.json is not JSON: `);
  });

  it.each([
    ["not toml at all", ":1:5 is not TOML"],
    ["active = 5", "active in % is not a name"],
    ["profiles = 5", "profiles in % is not a table"],
    ["[profiles]\np = 5", "profiles.p in % is not a table"],
    ['actve = "p"', "Unknown setting actve in %"],
  ])("names a profiles file that it cannot use: %s", (text, message) => {
    const path = put(join(home, "profiles.toml"), text);
    expect(errorOf().message).toContain(message.replace("%", path));
    expect(errorOf().message).toContain(path);
  });

  it.skipIf(process.getuid?.() === 0)("names files that it may not read", () => {
    const path = put(join(home, "profiles.toml"), "");
    chmodSync(path, 0);
    expect(errorOf().message).toMatch(`Cannot read ${path}: EACCES`);
  });

  it("names a settings file that is no file", () => {
    mkdirSync(join(project, "oxbow.toml"));
    expect(errorOf().message).toMatch(`Cannot read ${project}/oxbow.toml: EISDIR`);
  });

  it("names the profiles there are where the active one does not exist", () => {
    const path = put(join(home, "profiles.toml"), "[profiles.work]\n");
    process.env["OXBOW_PROFILE"] = "wrok";
    expect(errorOf().message).toBe(
      `Profile "wrok", chosen by OXBOW_PROFILE in the environment, does not exist in ${path}\n  hint: there are "default", "work"`,
    );
  });

  it("takes no notice of mistakes in profiles that are not active", () => {
    put(join(home, "profiles.toml"), 'active = "good"\n[profiles.good]\n[profiles.bad]\nnonsense = 5\n');
    expect(get("profile")).toBe("good");
  });

  it("keeps failing until the mistake is gone", () => {
    process.env["OXBOW_CACHING_STRICT"] = "maybe";
    errorOf();
    errorOf();
    process.env["OXBOW_CACHING_STRICT"] = "yes";
    expect(get("caching.strict")).toBe(true);
  });
});

describe("describeSettings", () => {
  it("says where each value comes from", () => {
    put(join(project, "oxbow.toml"), 'tasks.defaultRetryDelay = "3s"\n');
    put(join(home, "profiles.toml"), 'active = "work"\n[profiles.work]\ncaching.strict = true\n');
    process.env["OXBOW_RESULTS_MEMORY_BYTES"] = "1MB";
    const byName = new Map(describeSettings({ logging: { level: "off" } }).map((each) => [each.name, each]));
    expect([...byName.keys()]).toEqual(settingNames);
    const seen = (name: SettingName): unknown => [byName.get(name)!.value, byName.get(name)!.source];
    expect(seen("results.memoryBytes")).toEqual(["1MB", "the environment"]);
    expect(seen("tasks.defaultRetryDelay")).toEqual(["3s", join(project, "oxbow.toml")]);
    expect(seen("profile")).toEqual(["work", join(home, "profiles.toml")]);
    expect(seen("caching.strict")).toEqual([true, `profile "work" of ${home}/profiles.toml`]);
    expect(seen("logging.level")).toEqual(["off", "withSettings"]);
    expect(seen("results.storagePath")).toEqual([join(home, "storage"), "default"]);
    expect(byName.get("caching.strict")!.env).toBe("OXBOW_CACHING_STRICT");
  });
});

describe("docs/reference/settings.md", () => {
  it("is what scripts/settings-reference.ts makes of the schema", async () => {
    const { settingsReference } = await import("../../scripts/settings-reference.ts");
    expect(readFileSync(new URL("../../docs/reference/settings.md", import.meta.url), "utf8")).toBe(
      settingsReference(),
    );
  });
});
