import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("kill-commit.ts", import.meta.url));
const flags = process.features.typescript ? [] : ["--experimental-strip-types"];

describe("publish()", () => {
  it.each(["file", "sqlite"])(
    "leaves all records or none when it is killed half-way: %s",
    { timeout: 120_000 },
    async (kind) => {
      const args = [...flags, "--no-warnings", script, "--storage", kind, "--rounds", "20"];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const [, halfWay, faults] = /(\d+) of them with a part of it written.* (\d+) faults$/
        .exec(stdout.trim())!
        .map(Number);
      expect(faults).toBe(0);
      expect(halfWay, "Kills have met publications half-way").toBeGreaterThan(0);
    },
  );
});
