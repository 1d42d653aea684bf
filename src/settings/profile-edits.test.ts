import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addProfile, deleteProfile, inspectProfile, renameProfile, setInProfile, useProfile } from "./profile-edits.ts";
import { readProfiles, writeProfiles, type Profiles } from "./profiles.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "oxbow-profiles-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const namesOf = (all: Profiles): readonly string[] => [...all.profiles.keys()];

describe("profiles", () => {
  it("have an empty default where there is no file", () => {
    const all = readProfiles(home);
    expect(namesOf(all)).toEqual(["default"]);
    expect(all.active).toBeUndefined();
    expect(inspectProfile(all, "default").size).toBe(0);
  });

  it("survive being written and read, for the user alone", () => {
    const folder = join(home, "not", "there");
    let all = useProfile(addProfile(readProfiles(folder), "work"), "work");
    all = setInProfile(all, "work", "tasks.concurrency", 20);
    all = setInProfile(all, "work", "OXBOW_TASKS_DEFAULT_RETRY_DELAY", ["1s", "2s"]);
    writeProfiles(all);
    const again = readProfiles(folder);
    expect(again.active).toBe("work");
    expect([...inspectProfile(again, "work")]).toEqual([
      ["tasks.concurrency", 20],
      ["tasks.defaultRetryDelay", ["1s", "2s"]],
    ]);
    expect(statSync(again.path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["profiles.toml"]);
    expect(readFileSync(again.path, "utf8")).not.toContain("default]");
  });

  it("are left alone by edits of others", () => {
    writeFileSync(
      join(home, "profiles.toml"),
      '[profiles.future]\nnew.setting = 5\n[profiles.work]\nOXBOW_TASKS_CONCURRENCY = "5"\n',
    );
    writeProfiles(setInProfile(readProfiles(home), "work", "tasks.defaultRetries", "3"));
    const again = readProfiles(home);
    expect(again.profiles.get("future")).toEqual({ new: { setting: 5 } });
    expect(again.profiles.get("work")).toEqual({ OXBOW_TASKS_CONCURRENCY: "5", tasks: { defaultRetries: "3" } });
  });

  it("can be set and unset whatever the spelling", () => {
    writeFileSync(
      join(home, "profiles.toml"),
      '[profiles.work]\nOXBOW_TASKS_CONCURRENCY = "5"\nlogging.level = "off"\nlogging.format = "json"\n',
    );
    let all = setInProfile(readProfiles(home), "work", "tasks.concurrency", 6);
    expect([...inspectProfile(all, "work")]).toContainEqual(["tasks.concurrency", 6]);
    all = setInProfile(
      setInProfile(all, "work", "tasks.concurrency", undefined),
      "work",
      "OXBOW_LOGGING_LEVEL",
      undefined,
    );
    expect([...inspectProfile(all, "work")]).toEqual([["logging.format", "json"]]);
  });

  it("do not change in place", () => {
    const all = addProfile(readProfiles(home), "work");
    setInProfile(all, "work", "tasks.concurrency", 6);
    useProfile(all, "work");
    deleteProfile(all, "work");
    expect(namesOf(all)).toEqual(["default", "work"]);
    expect(all.profiles.get("work")).toEqual({});
    expect(all.active).toBeUndefined();
  });

  it("can be copied, renamed and deleted", () => {
    let all = setInProfile(readProfiles(home), "default", "tasks.concurrency", 6);
    all = useProfile(addProfile(all, "copy", "default"), "copy");
    all = renameProfile(all, "copy", "work");
    expect(all.active).toBe("work");
    expect(inspectProfile(all, "work").get("tasks.concurrency")).toBe(6);
    all = deleteProfile(useProfile(all, "default"), "work");
    expect(namesOf(all)).toEqual(["default"]);
  });

  it.each<[string, (all: Profiles) => unknown]>([
    ['Profile "work" exists already', (all) => addProfile(all, "work")],
    ['Profile "default" exists already', (all) => renameProfile(all, "work", "default")],
    ['"a b" cannot be the name of a profile', (all) => addProfile(all, "a b")],
    ['"__proto__" cannot be the name of a profile', (all) => addProfile(all, "__proto__")],
    ['Profile "none" does not exist in ', (all) => useProfile(all, "none")],
    ['Profile "none" does not exist in ', (all) => inspectProfile(all, "none")],
    ['Profile "none" does not exist in ', (all) => deleteProfile(all, "none")],
    ['Profile "none" does not exist in ', (all) => addProfile(all, "new", "none")],
    ['Profile "default" is built in and cannot be deleted', (all) => deleteProfile(all, "default")],
    ['Profile "default" is built in and cannot be renamed', (all) => renameProfile(all, "default", "x")],
    ['Profile "work" is active', (all) => deleteProfile(useProfile(all, "work"), "work")],
    ["Unknown setting tasks.concurency in profile", (all) => setInProfile(all, "work", "tasks.concurency", 5)],
    ["tasks.concurrency in profile", (all) => setInProfile(all, "work", "tasks.concurrency", 0)],
    ["home in profile", (all) => setInProfile(all, "work", "home", "/x")],
  ])("refuse mistakes: %s", (message, edit) => {
    const all = addProfile(readProfiles(home), "work");
    expect(() => edit(all)).toThrow(message);
  });

  it("leave the old file where the new one cannot be written", () => {
    const blocked = {
      ...addProfile(readProfiles(home), "work"),
      path: join(home, "profiles.toml", "x", "profiles.toml"),
    };
    writeFileSync(join(home, "profiles.toml"), "");
    expect(() => writeProfiles(blocked)).toThrow();
    expect(readFileSync(join(home, "profiles.toml"), "utf8")).toBe("");
  });
});
