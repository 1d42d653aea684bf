import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { complaints, findingsOf, newFolder } from "../../tests/fixtures/doctor.ts";
import { withSettings } from "../authoring/with-settings.ts";
import { StorageError } from "../kernel/errors.ts";
import { TestClock } from "../testing/test-clock.ts";
import { withoutCredentials, pass, warn } from "./finding.ts";
import { checkNames, examine, type Finding } from "./index.ts";
import { fileSystemOf } from "./mounts.ts";
import { isInRange } from "./version-range.ts";

async function all(options: Parameters<typeof examine>[0]): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for await (const finding of examine(options)) found.push(finding);
  return found;
}

describe("examine()", () => {
  it("runs every check, in order, and fails in nothing on a sound machine", async () => {
    const found = await all({ settings: { home: newFolder(), history: { enabled: true } } });
    expect(found.filter(({ status }) => status === "fail")).toEqual([]);
    const checks = [...new Set(found.map(({ check }) => check))];
    expect(checks).toEqual(checkNames.filter((name) => checks.includes(name)));
    expect(checks).toEqual(
      expect.arrayContaining(["runtime", "folders", "storage", "locks", "history", "clock", "serializer"]),
    );
  });

  it("says of a home that does not stay once what all is in it", async () => {
    const found = await all({ settings: { home: newFolder(), history: { enabled: true } } });
    expect(complaints(found).filter((text) => /temporary|emptied|in memory/.test(text))).toEqual([
      expect.stringContaining("profiles, results and the run history"),
    ]);
  });

  it("looks at the settings of withSettings around it", async () => {
    const found = await withSettings({ tasks: { disableCaching: true } }, () => all({ checks: ["caching"] }));
    expect(complaints(found)).toEqual([expect.stringContaining("tasks.disableCaching: It is on in withSettings")]);
  });

  it("says which checks it leaves out where the settings cannot be read", async () => {
    const found = await all({ settings: { caching: { mode: "never" as "off" } } });
    expect(found.filter(({ status }) => status === "fail")).toEqual([
      expect.objectContaining({
        check: "settings",
        message: expect.stringContaining('caching.mode in withSettings is "never"'),
      }),
    ]);
    expect(found.filter(({ message }) => message.startsWith("Not looked at"))).toHaveLength(checkNames.length - 2);
  });

  it("leaves nothing in the home but the places of the default storage and the history", async () => {
    const home = newFolder();
    await all({ settings: { home, history: { enabled: true } } });
    expect(readdirSync(home).filter((name) => !/^(storage|oxbow\.db.*)$/.test(name))).toEqual([]);
  });
});

describe("A check", () => {
  it("that throws is a finding, without credentials, and what it found before counts", async () => {
    const check = {
      name: "broken",
      async *run() {
        yield pass("a", "is well");
        throw new StorageError("Cannot read postgres://me:hunter2@host/x", { hint: "password=hunter2" });
      },
    };
    expect(await findingsOf(check)).toEqual([
      { check: "broken", subject: "a", status: "pass", message: "is well" },
      {
        check: "broken",
        subject: "broken",
        status: "fail",
        message: "Cannot read postgres://********@host/x",
        remedy: "password=********",
      },
    ]);
    const sudden = {
      name: "sudden",
      run: () => {
        throw new TypeError("x is not a function");
      },
    };
    expect(complaints(await findingsOf(sudden))).toEqual(["fail sudden: TypeError: x is not a function"]);
  });

  it("that hangs is ended after its time, and told", async () => {
    const clock = new TestClock();
    let signal: AbortSignal | undefined;
    const hanging = {
      name: "hanging",
      timeoutMs: 7000,
      async *run(context: { readonly signal: AbortSignal }) {
        ({ signal } = context);
        yield warn("first", "was found in time", "wait");
        await new Promise(() => undefined);
      },
    };
    const found = findingsOf(hanging, { clock });
    await clock.advance(7000);
    expect(complaints(await found)).toEqual([
      "warn first: was found in time",
      "fail hanging: It did not end within 7 s",
    ]);
    expect(signal!.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("may give its findings as a list", async () => {
    expect(await findingsOf({ name: "list", run: async () => [pass("a", "is well")] })).toHaveLength(1);
  });
});

describe("What checks are made of", () => {
  it.each([
    ["redis://:p@ss:w@rd@host:6379/0 is gone", "redis://********@host:6379/0 is gone"],
    ["host=db password='top secret' user=me", "host=db password=******** user=me"],
    ["https://host/c?sig=abc%3D&se=1", "https://host/c?sig=********&se=1"],
    ["AccountName=a;AccountKey=abc==;x", "AccountName=a;AccountKey=********;x"],
    ["nothing to hide at http://host:80/path", "nothing to hide at http://host:80/path"],
  ])("leaves credentials out of %s", (text, expected) => {
    expect(withoutCredentials(text)).toBe(expected);
  });

  it.each([
    ["8.16.3", "^8.0.0", true],
    ["9.0.0", "^8.0.0", false],
    ["6.0.0", "^5.0.0 || ^6.0.0", true],
    ["0.17.0", ">=0.5.0 <1", true],
    ["1.0.0", ">=0.5.0 <1", false],
    ["22.12.9", ">=22.13", false],
    ["0.3.1", "^0.2.5", false],
    ["workspace", "^8.0.0", true],
  ])("%s is in %s: %s", (version, range, expected) => {
    expect(isInRange(version, range)).toBe(expected);
  });

  it("the file system of a path is that of the nearest mount, the later one of two", () => {
    const mounts = [
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
      "40 22 0:40 / /mnt/a\\040b rw - nfs4 server:/x rw",
      "41 22 0:41 / /mnt/data rw - ext4 /dev/sdb rw",
      "42 22 0:42 / /mnt/data rw - tmpfs tmpfs rw",
    ].join("\n");
    expect(
      ["/mnt/a b/c", "/mnt/data/x", "/mnt/database", "/mnt/data"].map((path) => fileSystemOf(path, mounts)),
    ).toEqual(["nfs4", "tmpfs", "ext4", "tmpfs"]);
    expect(fileSystemOf("/x", "")).toBeUndefined();
  });
});
