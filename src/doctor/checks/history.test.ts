import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { complaints, findingsOf, newFolder } from "../../../tests/fixtures/doctor.ts";
import { freePort } from "../../../tests/services/free-port.ts";
import { startPostgres } from "../../../tests/services/postgres.ts";
import type { SettingsOverrides } from "../../settings/schema.ts";
import { history } from "./history.ts";

const on = { enabled: true };
const inHome = (home: string): SettingsOverrides => ({ home, history: on });
const at = (url: string): SettingsOverrides => ({ database: { url }, history: on });

describe("The run history", () => {
  it("passes where it can be written", async () => {
    const found = await findingsOf(history, { settings: inHome(newFolder()) });
    expect(complaints(found)).toEqual([]);
    expect(found[0]!.message).toMatch(/^can be written; version \d+ of the tables, 0 flow runs, 0 task runs$/);
  });

  it("is named where it is off, with the source", async () => {
    expect(complaints(await findingsOf(history, { settings: { history: { enabled: false } } }))).toEqual([
      "warn history.enabled: It is off in withSettings: no run is written down",
    ]);
  });

  it("fails where its file cannot be made, or is no database", async () => {
    const place = newFolder();
    writeFileSync(join(place, "file"), "");
    const [noFolder] = complaints(await findingsOf(history, { settings: inHome(join(place, "file")) }));
    expect(noFolder).toMatch(/^fail the database in the home: .*ENOTDIR/);
    const [proc] = complaints(await findingsOf(history, { settings: inHome("/proc/oxbow") }));
    expect(proc).toMatch(/^fail the database in the home: .*\/proc\/oxbow/);
    writeFileSync(join(place, "oxbow.db"), "not a database ".repeat(1000));
    const [noDatabase] = complaints(await findingsOf(history, { settings: inHome(place) }));
    expect(noDatabase).toContain("not a database");
  });

  it("fails where another process keeps it locked", async () => {
    const home = newFolder();
    await findingsOf(history, { settings: inHome(home) });
    if (!existsSync(join(home, "oxbow.db"))) new DatabaseSync(join(home, "oxbow.db")).exec("CREATE TABLE t (x)");
    const script = `
      const { DatabaseSync } = require("node:sqlite");
      const database = new DatabaseSync(${JSON.stringify(join(home, "oxbow.db"))});
      database.exec("BEGIN EXCLUSIVE");
      console.log("locked");
      process.stdin.resume();`;
    const holder = spawn(process.execPath, ["--no-warnings", "-e", script], { stdio: ["pipe", "pipe", "ignore"] });
    await once(holder.stdout, "data");
    const [one] = complaints(await findingsOf(history, { settings: inHome(home) }));
    holder.kill("SIGKILL");
    expect(one).toMatch(/^fail the database in the home: .*another process has held it locked/);
  });

  it("is named where it does not stay", async () => {
    const home = newFolder();
    const places = { temporaryFolders: [home] };
    expect(complaints(await findingsOf(history, { settings: inHome(home), machine: places }))).toEqual([
      expect.stringContaining("It is in a place that is emptied: the runs do not survive a restart"),
    ]);
    const nfs = { mounts: () => "30 1 0:1 / / rw - nfs4 server:/x rw\n" };
    expect(complaints(await findingsOf(history, { settings: inHome(home), machine: nfs }))).toEqual([
      expect.stringContaining("It is on a network file system (nfs4)"),
    ]);
  });

  it.skipIf(!existsSync("/dev/shm"))("is named where it is on tmpfs", async () => {
    const home = `/dev/shm/oxbow-history-${process.pid}`;
    mkdirSync(home);
    expect(complaints(await findingsOf(history, { settings: inHome(home) }))[0]).toContain("(tmpfs)");
    rmSync(home, { recursive: true });
  });

  it("in a PostgreSQL passes, and fails where that is stopped, without its password", async (context) => {
    const server = await startPostgres().catch(() => undefined);
    if (server === undefined) return context.skip();
    const settings = at(server.url.replace("postgres@", "postgres:hunter2@"));
    expect(complaints(await findingsOf(history, { settings }))).toEqual([]);
    await server.stop();
    const stopped = await findingsOf(history, { settings });
    expect(complaints(stopped)).toEqual([expect.stringMatching(/^fail database\.url: .*postgres:\/\/127\.0\.0\.1/)]);
    expect(JSON.stringify(stopped)).not.toContain("hunter2");
    const nobody = at(`postgres://me:hunter2@127.0.0.1:${await freePort()}/x`);
    expect(JSON.stringify(await findingsOf(history, { settings: nobody }))).toMatch(/ECONNREFUSED/);
  });
});
