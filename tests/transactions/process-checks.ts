/*
 * SERIALIZABLE among processes: of 100 callers one computes; where it is killed, one more does; where it is frozen, it is too late.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ResultStore } from "../../src/results/result-store.ts";
import { json } from "../../src/serializers/json.ts";
import type { LockProcess } from "../chaos/start-lock-process.ts";
import { openPlace, type SharedPlace } from "./places.ts";
import { type CallOrder, type CallReport, startTransactions } from "./transaction-process.ts";

const processes = 4;
const callers = 25;
/** Longer than a live process is kept from its heartbeat on a busy machine. */
const lease = "2s";

/** @param url of the server, for kinds that need one */
export function processChecks(kind: SharedPlace["kind"], url?: string): void {
  describe(`Transactions of several processes, ${kind}`, () => {
    const started: LockProcess[] = [];
    let place: SharedPlace;
    let order: CallOrder;

    beforeEach(() => {
      const folder = mkdtempSync(join(tmpdir(), "oxbow-processes-"));
      place = { kind, folder, url };
      order = { mode: "call", place, key: crypto.randomUUID(), callers, journal: join(folder, "journal"), lease };
    });
    afterEach(async () => {
      for (const { child } of started) child.kill("SIGKILL");
      for (const { ended } of started.splice(0)) await ended;
      rmSync(place.folder, { recursive: true, force: true });
    });

    const start = (changes: Partial<CallOrder> = {}): LockProcess => {
      const one = startTransactions({ ...order, ...changes });
      started.push(one);
      return one;
    };

    it("compute once for 100 callers of one key", async () => {
      const reports = await reportsOf(Array.from({ length: processes }, () => start()));
      const [writer] = journal();
      expect(journal()).toEqual([writer]);
      expect(reports).toHaveLength(processes * callers);
      expect(reports.filter(({ state }) => state === "Cached")).toHaveLength(processes * callers - 1);
      expect(new Set(reports.map(({ value }) => value))).toEqual(new Set([writer]));
      await expectLeft(writer!);
    });

    it("compute once more where the process that computes is killed, and all others have that value", async () => {
      const gate = join(place.folder, "gate");
      const all = Array.from({ length: processes }, () => start({ gate }));
      await expect.poll(journal, { timeout: 20_000, interval: 5 }).toHaveLength(1);
      const [killed] = journal();
      const victim = all.find(({ child }) => child.pid === killed)!;
      // All others have asked for the lock by then, and wait for it.
      for (const each of all) if (each !== victim) expect(await each.nextLine()).toBe("there");
      await sleep(200);
      victim.child.kill("SIGKILL");
      writeFileSync(gate, "");
      const reports = await reportsOf(all.filter((each) => each !== victim));
      const [, second, ...more] = journal();
      expect(more).toEqual([]);
      expect(second).not.toBe(killed);
      expect(reports).toHaveLength((processes - 1) * callers);
      expect(reports.filter(({ state }) => state === "Completed")).toHaveLength(1);
      expect(new Set(reports.map(({ value }) => value))).toEqual(new Set([second]));
      await expectLeft(second!);
    });

    it("refuse the commit of a process that was frozen for longer than its lease", async () => {
      const gate = join(place.folder, "gate");
      const frozen = start({ callers: 1, gate });
      await expect.poll(journal, { timeout: 20_000, interval: 5 }).toHaveLength(1);
      frozen.child.kill("SIGSTOP");
      const [report] = await reportsOf([start({ callers: 1 })]);
      const [old, young] = journal();
      expect(report).toMatchObject({ state: "Completed", value: young, persisted: true });
      await expectLeft(young!);
      writeFileSync(gate, "");
      frozen.child.kill("SIGCONT");
      const [late] = await reportsOf([frozen]);
      expect(late).toMatchObject({ state: "Completed", value: old, persisted: false });
      expect(late!.reason).toContain("lost");
      await expectLeft(young!);
    });

    /** The processes in which the body has begun, in order. */
    function journal(): number[] {
      if (!existsSync(order.journal)) return [];
      return readFileSync(order.journal, "utf8").split("\n").slice(0, -1).map(Number);
    }

    /** Fails unless the record is that of this process, and the key is free. */
    async function expectLeft(pid: number): Promise<void> {
      const { storage, locks } = await openPlace(place);
      expect(await new ResultStore({ storage, serializer: json() }).read(order.key)).toBe(pid);
      expect(await locks.isLocked(order.key)).toBe(false);
      await locks.close();
      await storage.close();
    }
  });
}

async function reportsOf(all: readonly LockProcess[]): Promise<CallReport[]> {
  const ends = await Promise.all(all.map(({ ended }) => ended));
  return ends.flatMap(({ lines, code, errors }) => {
    expect(`${code} ${errors.replaceAll(/.*ERROR.*\n/g, "")}`).toBe("0 ");
    return lines.filter((line) => line !== "there").map((line) => JSON.parse(line) as CallReport);
  });
}
