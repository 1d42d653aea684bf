/*
 * No lock survives its process: where a signal ends that, the locks are let go before; where nothing can be done any more, the lock of a
 * process that is gone is free for the next one at once.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTransactions, type LeaveOrder } from "./transaction-process.ts";
import { openPlace, type OpenedPlace, type SharedPlace } from "./places.ts";

const key = "the key";
const codes = { SIGINT: 130, SIGTERM: 143 } as const;

describe.each(["sqlite", "file"] as const)("No %s lock survives", (kind) => {
  let place: SharedPlace;
  let here: OpenedPlace;

  beforeEach(async () => {
    place = { kind, folder: mkdtempSync(join(tmpdir(), "oxbow-ways-")) };
    here = await openPlace(place);
  });
  afterEach(async () => {
    await here.locks.close();
    await here.storage.close();
    rmSync(place.folder, { recursive: true, force: true });
  });

  async function start(
    what: LeaveOrder["what"],
    how: LeaveOrder["how"],
  ): Promise<ReturnType<typeof startTransactions>> {
    const started = startTransactions({ mode: "leave", place, key, what, how });
    expect(await started.nextLine()).toBe("there");
    return started;
  }

  /** Fails unless the lock can be had at once, although its lease is one of 30 seconds. */
  async function expectFree(): Promise<void> {
    expect(await here.locks.isLocked(key)).toBe(false);
    const lease = await here.locks.acquire(key, "the next one", { timeout: "2s" });
    expect(await lease!.release()).toBe(true);
  }

  describe.each(["task", "flow", "transaction"] as const)("a %s", (what) => {
    it.each(["SIGINT", "SIGTERM"] as const)("that is ended by %s", async (signal) => {
      const { child, ended } = await start(what, "stay");
      expect(await here.locks.isLocked(key)).toBe(true);
      child.kill(signal);
      const { code, lines } = await ended;
      expect({ code, lines }).toEqual({ code: codes[signal], lines: ["locked false"] });
      await expectFree();
    });

    it("that is ended by SIGINT while it waits for the lock", async () => {
      const lease = (await here.locks.acquire(key, "somebody else"))!;
      const { child, ended } = await start(what, "wait for the lock");
      // Long enough to be known as the next one.
      await sleep(300);
      child.kill("SIGINT");
      const { code, lines } = await ended;
      expect({ code, lines }).toEqual({ code: 130, lines: ["locked true"] });
      expect(await here.locks.isHolder(key, "somebody else")).toBe(true);
      await lease.release();
      await expectFree();
    });

    it.each([
      ["process.exit()", 3],
      ["an uncaught exception", 1],
      ["an unhandled rejection", 1],
    ] as const)("whose process ends by %s: it is taken over at once", async (how, expected) => {
      const { ended } = await start(what, how);
      const { code, lines } = await ended;
      expect({ code, lines }).toEqual({ code: expected, lines: ["locked true"] });
      await expectFree();
    });
  });
});
