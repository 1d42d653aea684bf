import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { complaints, findingsOf, newFolder } from "../../../tests/fixtures/doctor.ts";
import { folders } from "./folders.ts";

const local = "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
const on = (type: string): string => `${local}31 30 0:50 / / rw - ${type} somewhere rw\n`;
const GiB = 2 ** 30;

describe("A folder", () => {
  it("that can be made and written passes, and is as it was before", async () => {
    const home = join(newFolder(), "not", "there", "yet");
    const machine = { mounts: () => local, freeBytes: async () => 50 * GiB };
    const found = await findingsOf(folders, { settings: { home }, machine });
    expect(complaints(found)).toEqual([]);
    expect(found.map(({ message }) => message)).toContain("it is on a disk (ext4)");
    expect(existsSync(join(home, "..", ".."))).toBe(false);
  });

  it("that is there keeps what is in it, and nothing is added", async () => {
    const home = newFolder();
    writeFileSync(join(home, "mine"), "");
    await findingsOf(folders, { settings: { home } });
    expect(readdirSync(home)).toEqual(["mine"]);
  });

  it.each([
    ["/proc/oxbow", /Cannot use the folder \/proc\/oxbow \(E(NOENT|PERM|ACCES)\)/],
    ["file", /^Cannot use the folder .*ENOTDIR/],
  ])("that cannot be written fails: %s", async (name, message) => {
    const place = newFolder();
    writeFileSync(join(place, "file"), "");
    const home = name.startsWith("/") ? name : join(place, name, "home");
    const found = await findingsOf(folders, { settings: { home } });
    expect(found[0]).toMatchObject({ status: "fail", message: expect.stringMatching(message) });
  });

  it("that everybody may write to is named", async () => {
    const home = newFolder();
    chmodSync(home, 0o777);
    expect(complaints(await findingsOf(folders, { settings: { home } }))).toEqual([
      `warn home ${home}: Everybody on this machine may write there, and so change results`,
    ]);
  });

  it.each([
    [20 * 2 ** 20, "fail"],
    [500 * 2 ** 20, "warn"],
    [5 * GiB, "pass"],
  ])("with %i bytes of free space is a %s", async (free, status) => {
    const found = await findingsOf(folders, {
      settings: { home: newFolder() },
      machine: { freeBytes: async () => free },
    });
    expect(found.filter(({ message }) => message.includes(" free")).map((each) => each.status)).toEqual([
      status,
      status,
    ]);
  });

  it.each([
    ["nfs4", "It is on a network file system (nfs4)"],
    ["cifs", "It is on a network file system (cifs)"],
    ["fuse.sshfs", "It is on a network file system (fuse.sshfs)"],
    ["9p", "It is on a network file system (9p)"],
    ["tmpfs", "It is in memory (tmpfs)"],
    ["overlay", "It is in the layer of a container (overlay)"],
  ])("on %s is named", async (type, message) => {
    const machine = { mounts: () => on(type) };
    const all = complaints(await findingsOf(folders, { settings: { home: newFolder() }, machine }));
    expect(all).toHaveLength(1);
    expect(all[0]).toContain(message);
  });

  it.skipIf(!existsSync("/dev/shm"))("that really is in memory is named", async () => {
    const home = `/dev/shm/oxbow-${process.pid}`;
    const all = complaints(await findingsOf(folders, { settings: { home } }));
    expect(all[0]).toContain("It is in memory (tmpfs)");
    expect(existsSync(home)).toBe(false);
  });

  it("among temporary files is named", async () => {
    const place = newFolder();
    mkdirSync(join(place, "home"));
    const found = await findingsOf(folders, {
      settings: { home: join(place, "home") },
      machine: { temporaryFolders: [place] },
    });
    expect(complaints(found)).toEqual([
      expect.stringContaining("It is in a folder for temporary files: profiles and results do not survive"),
    ]);
  });

  it("apart from the home is named beside it", async () => {
    const [home, storagePath] = [newFolder(), newFolder()];
    const machine = { temporaryFolders: [home, storagePath] };
    const all = complaints(await findingsOf(folders, { settings: { home, results: { storagePath } }, machine }));
    expect(all).toEqual([
      expect.stringContaining(`home ${home}: It is in a folder for temporary files: profiles do`),
      expect.stringContaining(`results.storagePath ${storagePath}: It is in a folder for temporary files: results do`),
    ]);
  });
});
