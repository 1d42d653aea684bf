import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it.each(["gzip", "brotli", "zstd"])(
  "A stream of 256 MiB goes through encrypted(compressed(json(), %j)) and back in less than 16 MiB",
  (compression) => {
    const program = join(import.meta.dirname, "../../tests/serializers/stream-memory.ts");
    const printed = execFileSync(process.execPath, ["--no-warnings", "--expose-gc", program, "256", compression]);
    const { back, grownBy } = JSON.parse(String(printed)) as { readonly back: number; readonly grownBy: number };
    expect(back).toBe(256);
    expect(grownBy).toBeLessThan(16);
  },
);
