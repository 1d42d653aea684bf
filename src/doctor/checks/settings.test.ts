import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { complaints, findingsOf, newFolder } from "../../../tests/fixtures/doctor.ts";
import { forgetSettingsFiles } from "../../settings/settings.ts";
import { settings } from "./settings.ts";

let project: string;
let home: string;

beforeEach(() => {
  project = newFolder();
  home = join(project, "home");
  mkdirSync(home);
  vi.spyOn(process, "cwd").mockReturnValue(project);
  vi.stubEnv("OXBOW_HOME", home);
  vi.stubEnv("OXBOW_HISTORY_ENABLED", undefined);
  forgetSettingsFiles();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  forgetSettingsFiles();
});

const write = (name: string, text: string): void => writeFileSync(join(project, name), text);

it("every value that is set passes, with its source", async () => {
  write("oxbow.toml", "tasks.concurrency = 5\n");
  write("package.json", '{ "oxbow": { "caching.strict": true } }');
  write(".env", "OXBOW_LOGGING_LEVEL=off\n");
  const found = await findingsOf(settings, { settings: { tasks: { refreshCache: true } } });
  expect(complaints(found)).toEqual([]);
  expect(found.map(({ subject, message }) => `${subject}: ${message}`)).toEqual([
    `home: ${home}, from the environment`,
    "tasks.refreshCache: true, from withSettings",
    `tasks.concurrency: 5, from ${project}/oxbow.toml`,
    `caching.strict: true, from ${project}/package.json#oxbow`,
    `logging.level: off, from ${project}/.env`,
  ]);
});

it("what is wrong is named in all sources at once, each with its place", async () => {
  write("oxbow.toml", "tasks.concurency = 5\n");
  write("package.json", '{ "oxbow": { "caching.mode": "never" } }');
  write(".env", "OXBOW_LOGGING_LEVEL=loud\n");
  vi.stubEnv("OXBOW_TASK_CONCURRENCY", "3");
  vi.stubEnv("OXBOW_CACHE_MAX_SIZE", "large");
  expect(complaints(await findingsOf(settings)).toSorted()).toEqual([
    expect.stringContaining('OXBOW_CACHE_MAX_SIZE in the environment is "large", expected a size'),
    expect.stringContaining(`OXBOW_LOGGING_LEVEL in ${project}/.env is "loud", expected one of`),
    "fail settings: Unknown setting OXBOW_TASK_CONCURRENCY in the environment",
    `fail settings: Unknown setting tasks.concurency in ${project}/oxbow.toml`,
    expect.stringContaining(`caching.mode in ${project}/package.json#oxbow is "never"`),
  ]);
});

it("a file that is no TOML is named, with line and column", async () => {
  write("oxbow.toml", "tasks.concurrency = \n");
  expect(complaints(await findingsOf(settings))).toEqual([
    expect.stringMatching(/^fail settings: .*oxbow\.toml:1:\d+ is not TOML/),
  ]);
});

it("a profile that does not exist is named, with who chose it and those there are", async () => {
  writeFileSync(join(home, "profiles.toml"), "[profiles.work]\ntasks.concurrency = 3\n");
  vi.stubEnv("OXBOW_PROFILE", "wrok");
  const found = await findingsOf(settings);
  expect(complaints(found)).toEqual([
    `fail settings: Profile "wrok", chosen by OXBOW_PROFILE in the environment, does not exist in ${home}/profiles.toml`,
  ]);
  expect(found[0]?.remedy).toContain('there are "default", "work"');
});

it("of several profiles the active one is named, and what is wrong with another", async () => {
  const profiles = 'active = "work"\n[profiles.work]\ntasks.concurrency = 3\n[profiles.old]\ntasks.speed = 3\n';
  writeFileSync(join(home, "profiles.toml"), profiles);
  const found = await findingsOf(settings);
  expect(found.find(({ subject }) => subject === "profile")).toMatchObject({ status: "pass" });
  expect(found.some(({ message }) => message === '"work" is active; there are "default", "work", "old"')).toBe(true);
  expect(complaints(found)).toEqual([
    `warn profile "old": Unknown setting tasks.speed in profile "old" of ${home}/profiles.toml`,
  ]);
});

it("the environment of a worker that goes before the active profile is named, with both values", async () => {
  writeFileSync(join(home, "profiles.toml"), 'active = "work"\n[profiles.work]\nresults.storagePath = "/mnt/a"\n');
  vi.stubEnv("OXBOW_RESULTS_STORAGE_PATH", "/mnt/b");
  expect(complaints(await findingsOf(settings))).toEqual([
    'warn results.storagePath: the environment says "/mnt/b" and goes before profile "work", which says "/mnt/a"',
  ]);
});

it("a password in a setting is not shown", async () => {
  vi.stubEnv("OXBOW_DATABASE_URL", "postgres://me:hunter2@db.example/x");
  const found = await findingsOf(settings);
  expect(JSON.stringify(found)).not.toContain("hunter2");
  expect(found.find(({ subject }) => subject === "database.url")?.message).toContain("//********@db.example/x");
});
