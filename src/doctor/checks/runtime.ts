import type { Check, CheckContext } from "../check.ts";
import { fail, type Found, pass, warn } from "../finding.ts";
import { ownPackage } from "../packages.ts";
import { isInRange } from "../version-range.ts";

/** The Node that runs this, and what of it is needed. */
export const runtime: Check = {
  name: "runtime",
  withoutSettings: true,
  run: async ({ machine }) => [nodeVersion(machine), sqlite(machine), zstd(machine)],
};

type Machine = CheckContext["machine"];

function nodeVersion({ nodeVersion: version }: Machine): Found {
  const needed = ownPackage().manifest.engines?.node ?? "";
  return isInRange(version, needed)
    ? pass("Node", `Node ${version}`)
    : fail(
        "Node",
        `Node ${version} is too old: this release needs ${needed}`,
        `install Node ${needed.replace(">=", "")} or newer`,
      );
}

function sqlite({ hasSqlite }: Machine): Found {
  return hasSqlite
    ? pass("node:sqlite", "the default storage and the run history can be used")
    : fail(
        "node:sqlite",
        "This Node has no node:sqlite, which the default storage, its locks and the run history need",
        "start Node without --no-experimental-sqlite, or use fileStorage() and set database.url to a PostgreSQL",
      );
}

function zstd({ hasZstd }: Machine): Found {
  return hasZstd
    ? pass("zstd", "results can be compressed with zstd")
    : warn("zstd", "This Node cannot compress with zstd", "use gzip or brotli, or Node 22.15, 23.8 or newer");
}
