import { packageVersion } from "../package.ts";
import { writeJson } from "../output.ts";
import { type Cli, examples } from "../cli.ts";
import { writePairs } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** `oxbow version` */
export function addVersion({ program, terminal, end }: Cli): void {
  program
    .command("version")
    .description("Show the versions of Oxbow and of what it runs on")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow version --json"))
    .action((options: VersionOptions) => end(version(options, terminal)));
  program.version(packageVersion(), "-V, --version", "show the version");
}

interface VersionOptions {
  readonly json?: true;
}

export async function version({ json }: VersionOptions, { stdout }: Terminal): Promise<void> {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite") ?? {};
  const versions = {
    oxbow: packageVersion(),
    node: process.versions.node,
    sqlite: DatabaseSync ? process.versions["sqlite"] : undefined,
    platform: `${process.platform}-${process.arch}`,
  };
  if (json) writeJson(stdout, versions);
  else writePairs(stdout, Object.entries(versions));
}
