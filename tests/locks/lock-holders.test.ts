import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { pgUrl, redisUrl } from "../services/services.ts";
import { holderChecks } from "./holder-checks.ts";

function openFolder(): { at: string; dispose(): void } {
  const at = mkdtempSync(join(tmpdir(), "oxbow-locks-"));
  return { at, dispose: () => rmSync(at, { recursive: true, force: true }) };
}

holderChecks("sqlite", openFolder, { endsWithProcess: true });
holderChecks("file", openFolder, { endsWithProcess: true });

const [redis, postgres] = await Promise.all([redisUrl(), pgUrl()]);
const at = (url: string | undefined) => () => ({ at: url! });
// A server cannot know that a process is gone: there, a lock ends with its lease.
describe.skipIf(redis === undefined)("on a Redis", () => {
  holderChecks("redis", at(redis), { endsWithProcess: false });
});
describe.skipIf(postgres === undefined)("on a PostgreSQL", () => {
  holderChecks("postgres", at(postgres), { endsWithProcess: false });
});
