import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mediumChecks } from "../../tests/locks/medium-checks.ts";
import { mediumPlaceChecks } from "../../tests/locks/medium-place-checks.ts";
import type { OpenMedium } from "../../tests/locks/two-media.ts";
import { thisWriter } from "../io/leftovers.ts";
import { thisProcess } from "../io/process-identity.ts";
import { lockSuite } from "../testing/lock-suite.ts";
import { fileLocks } from "./file.ts";
import { FileMedium } from "./file/medium.ts";
import { slotName } from "./file/grants.ts";
import { Slots } from "./file/slots.ts";

lockSuite({ describe, it }, "fileLocks()", (options) => {
  const folder = mkdtempSync(join(tmpdir(), "oxbow-locks-"));
  return {
    locks: fileLocks(folder, options),
    another: () => fileLocks(folder, { lease: options.lease }),
    dispose: () => rmSync(folder, { recursive: true }),
  };
});

const openMedium: OpenMedium = (folder, clock) => new FileMedium(folder, clock);
mediumChecks("FileMedium", openMedium);
mediumPlaceChecks("FileMedium", { url: new URL("./file/medium.ts", import.meta.url), name: "FileMedium" }, openMedium);

const leaseMs = 60_000;
const claim = { key: "key", holder: "holder", leaseMs };
let folder: string;
let slot: string;
let medium: FileMedium;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-locks-"));
  slot = join(folder, `${slotName("key")}.lock`);
  medium = new FileMedium(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function age(path: string, ms: number): void {
  const at = (Date.now() - ms) / 1000;
  utimesSync(path, at, at);
}

describe("The folder of fileLocks()", () => {
  it("has a small readable file for each lock that is held, and nothing for the others", () => {
    const { token } = medium.tryAcquire(claim)!;
    const [name] = readdirSync(slot);
    expect(name).toMatch(new RegExp(`^${token}-\\d{13}$`));
    expect(JSON.parse(readFileSync(join(slot, name!), "utf8"))).toEqual({
      key: "key",
      holder: "holder",
      process: thisProcess(),
    });
    for (let i = 0; i < 20; i += 1) {
      const grant = medium.tryAcquire({ ...claim, key: `key ${i}`, waiter: "waiter", reserveMs: 200 })!;
      medium.tryAcquire({ ...claim, key: `key ${i}`, waiter: "other waiter", reserveMs: 200 });
      medium.release(`key ${i}`, grant.token);
      medium.release(`key ${i}`, medium.tryAcquire({ ...claim, key: `key ${i}`, waiter: "other waiter" })!.token);
    }
    medium.release("key", token);
    expect(readdirSync(folder).toSorted()).toEqual([".last-token", ".tmp"]);
    expect(readdirSync(join(folder, ".tmp"))).toEqual([]);
  });

  it("keeps keys apart on a file system that ignores case", () => {
    const names = ["key", "KEY", "Key", "é".normalize("NFC"), "é".normalize("NFD")].map(slotName);
    expect(new Set(names.map((name) => name.normalize().toLowerCase())).size).toBe(names.length);
    for (const key of ["x".repeat(10_000), "/".repeat(100), "😀".repeat(100), `${"x".repeat(79)}😀`, "..", "\0"])
      expect(Buffer.byteLength(`${slotName(key)}.lock`)).toBeLessThan(160);
  });

  it("loses what processes that are gone have left unfinished", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const dead = join(folder, ".tmp", `${thisWriter.host}.${child.pid}.0123456789ab.1`);
    const alive = join(folder, ".tmp", `${thisWriter.host}.${process.pid}.0123456789ab.1`);
    for (const path of [dead, alive]) {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, "1-2"), "{");
    }
    medium.tryAcquire(claim);
    expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
  });

  it("loses grants and reservations that have expired when the next process locks something", () => {
    const away = new FileMedium(folder, { now: () => Date.now() - 2 * leaseMs, schedule: () => () => undefined });
    away.tryAcquire({ ...claim, key: "a" });
    away.tryAcquire({ ...claim, key: "a", waiter: "waiter", reserveMs: 200 });
    expect(readdirSync(folder).filter((name) => name.startsWith("a"))).toHaveLength(2);
    medium.tryAcquire(claim);
    expect(readdirSync(folder).filter((name) => name.startsWith("a"))).toEqual([]);
  });

  it("may be looked at by other programs while it is used", () => {
    mkdirSync(join(folder, "something"));
    writeFileSync(join(folder, "something else"), "");
    const { token } = medium.tryAcquire(claim)!;
    expect(medium.release("key", token)).toBe(true);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["something", "something else"]));
  });
});

describe("Rubbish in the folder of fileLocks()", () => {
  it.each([
    ["a file in place of the lock", () => writeFileSync(slot, "{"), () => slot],
    ["an unknown file in the lock", () => inSlot("1-2.copy"), () => join(slot, "1-2.copy")],
    ["a folder in the lock", () => mkdirSync(join(slot, "sub", "sub"), { recursive: true }), () => join(slot, "sub")],
  ])("is taken for a lock until it is older than a lease: %s", (_, make, path) => {
    make();
    expect(medium.look("key")).toBeUndefined();
    expect(medium.tryAcquire(claim)).toBeUndefined();
    expect(medium.renew("key", 1, leaseMs)).toBe(false);
    expect(medium.release("key", 1)).toBe(false);
    age(path(), leaseMs + 1000);
    const grant = medium.tryAcquire(claim);
    expect(grant).toBeDefined();
    expect(medium.look("key")).toEqual(grant);
  });

  it.each([
    ["empty", ""],
    ["cut off", '{"key":"key","hol'],
    ["another thing", "[1,2]"],
    ["nothing", "null"],
  ])("is a lock of nobody until that expires, where its content is damaged: %s", (_, content) => {
    const soon = `5-${Date.now() + leaseMs}`;
    inSlot(soon, content);
    expect(medium.look("key")).toEqual({ holder: "", token: 5 });
    expect(medium.tryAcquire(claim)).toBeUndefined();
    renameSync(join(slot, soon), join(slot, `5-${Date.now() - 1}`));
    expect(medium.look("key")).toBeUndefined();
    expect(medium.tryAcquire(claim)).toBeDefined();
  });

  it("is removed at once where it stands for no lock", () => {
    for (const name of [".last-token", `${slotName("key")}.next`]) writeFileSync(join(folder, name), "x");
    expect(medium.tryAcquire(claim)).toBeDefined();
    expect(medium.tryAcquire({ ...claim, waiter: "waiter", reserveMs: 200 })).toBeUndefined();
    expect(medium.tryAcquire({ ...claim, waiter: "another waiter", reserveMs: 200 })).toBeUndefined();
    expect(readdirSync(join(folder, `${slotName("key")}.next`))).toHaveLength(1);
  });

  it("is passed over where an empty lock was left by a process that died while it released it", () => {
    mkdirSync(slot);
    expect(medium.look("key")).toBeUndefined();
    expect(medium.tryAcquire(claim)).toBeDefined();
  });
});

describe("Slots", () => {
  let slots: Slots;
  beforeEach(() => {
    slots = new Slots(folder);
  });

  it("change from the state that was named, and from no other", () => {
    expect(slots.place("s", "a", "content")).toBe(true);
    expect(slots.place("s", "b", "content")).toBe(false);
    expect(slots.move("s", "b", "c")).toBe(false);
    expect(slots.remove("s", "b")).toBe(false);
    expect(slots.move("s", "a", "b")).toBe(true);
    expect(slots.remove("s", "a")).toBe(false);
    expect(slots.contentOf("s", "b")).toBe("content");
    expect(slots.remove("s", "b")).toBe(true);
    expect(slots.contentOf("s", "b")).toBeUndefined();
    expect(slots.read("s")).toBeUndefined();
    expect(readdirSync(join(folder, ".tmp"))).toEqual([]);
  });

  it("are free where they are empty", () => {
    mkdirSync(join(folder, "s"));
    expect(slots.read("s")).toEqual([]);
    expect(slots.place("s", "a", "content")).toBe(true);
  });

  it("never lose an entry to the clearing of what is none", () => {
    writeFileSync(join(folder, "s"), "rubbish");
    const seen = slots.read("s")!;
    rmSync(join(folder, "s"));
    slots.place("s", "a", "content");
    expect(slots.clear("s", seen, Number.POSITIVE_INFINITY)).toBe(false);
    expect(slots.contentOf("s", "a")).toBe("content");
  });
});

function inSlot(name: string, content = "{"): void {
  mkdirSync(slot);
  writeFileSync(join(slot, name), content);
}
