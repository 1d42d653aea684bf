/*
 * What only a medium in a folder can do: it notices that processes have ended, and that the folder has gone.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import type { Grant, LockMedium } from "../../src/locks/lock-medium.ts";
import { acquire, granted, leaseMs, type OpenMedium, TwoMedia } from "./two-media.ts";

const longLeaseMs = 3_600_000;
const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];

/** Where the class of a medium is: for processes and threads that make their own. */
export interface MediumModule {
  readonly url: URL;
  readonly name: string;
}

export function mediumPlaceChecks(name: string, module: MediumModule, open: OpenMedium): void {
  const at = new TwoMedia(open);

  describe(`${name}: processes and threads`, () => {
    const claim = { key: "key", holder: "child", leaseMs: longLeaseMs };
    const script = `
      const { ${module.name}: Medium } = await import(${JSON.stringify(module.url.href)});
      const grant = await new Medium(process.argv[1]).tryAcquire(${JSON.stringify(claim)});`;

    it("lose their grant at once when they have ended", async () => {
      const child = spawnSync(
        process.execPath,
        [...flags, "--input-type=module", "-e", `${script} console.log(grant.token);`, at.folder],
        {
          encoding: "utf8",
        },
      );
      const token = Number(child.stdout);
      expect(token, child.stderr).toBeGreaterThan(0);
      const here = open(at.folder);
      expect(await here.look("key"), "As good as none").toBeUndefined();
      const grant = await granted(here);
      expect(grant.token).toBeGreaterThan(token);
      expect(await here.renew("key", token, leaseMs)).toBe(false);
      expect(await here.look("key")).toEqual(grant);
      await here.close();
    });

    it("share the identity of their process, and keep apart what each of them holds", async () => {
      const worker = new Worker(
        `import("node:worker_threads").then(async ({ parentPort }) => {
          const { ${module.name}: Medium } = await import(${JSON.stringify(module.url.href)});
          parentPort.postMessage(await new Medium(${JSON.stringify(at.folder)}).tryAcquire(${JSON.stringify(claim)}));
        });`,
        { eval: true },
      );
      const grant = await new Promise<Grant>((resolve, reject) => worker.on("message", resolve).on("error", reject));
      const here = open(at.folder);
      expect(await here.look("key")).toEqual(grant);
      expect(await acquire(here)).toBeUndefined();
      expect(await here.release("key", grant.token), "By its token, whoever has that").toBe(true);
      expect(await acquire(here)).toBeDefined();
      await worker.terminate();
      await here.close();
    });
  });

  describe(`${name}: the place`, () => {
    it("is made by the first grant, and by nothing else", async () => {
      expect(await at.medium.look("key")).toBeUndefined();
      expect(await at.medium.renew("key", 1, leaseMs)).toBe(false);
      expect(await at.medium.release("key", 1)).toBe(false);
      await at.medium.close();
      expect(existsSync(at.folder)).toBe(false);
      await granted(at.medium);
      expect(existsSync(at.folder)).toBe(true);
    });

    it("may be closed, and used again", async () => {
      const { token } = await granted(at.medium);
      await at.medium.close();
      await at.medium.close();
      expect(await at.medium.look("key"), "Grants stay").toMatchObject({ token });
      expect(await at.medium.renew("key", token, leaseMs)).toBe(true);
    });

    it("is told apart from one that was removed: what was held there is lost", async () => {
      const { token } = await granted(at.medium);
      rmSync(at.folder, { recursive: true });
      at.clock.pass(1);
      expect(await at.medium.renew("key", token, leaseMs)).toBe(false);
      expect(await at.medium.look("key")).toBeUndefined();
      const grant = await granted(at.other);
      expect(await at.medium.look("key")).toEqual(grant);
      expect(await at.medium.release("key", token)).toBe(false);
    });

    it("is refused with the reason where it cannot be", async () => {
      const inFile = open(join(fileURLToPath(import.meta.url), "locks"), at.clock);
      for (const use of [() => acquire(inFile), () => inFile.look("key")])
        await expect(async () => use()).rejects.toThrow(/medium-place-checks\.ts is not a folder/);
      await inFile.close();
    });

    it("is used by many at once, one after the other", async () => {
      const media = Array.from({ length: 8 }, () => open(at.folder));
      let inside = 0;
      const one = async (by: LockMedium): Promise<void> => {
        for (let done = 0; done < 20; ) {
          const grant = await acquire(by);
          if (grant === undefined) {
            await sleep(1);
            continue;
          }
          expect((inside += 1)).toBe(1);
          await sleep(0);
          inside -= 1;
          expect(await by.release("key", grant.token)).toBe(true);
          done += 1;
        }
        await by.close();
      };
      await Promise.all(media.map(one));
    });
  });
}
