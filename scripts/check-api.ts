/*
 * `npm run api:check`: what each entry point of the package declares is what etc/*.api.md says, so that a change
 * of the public surface is seen in review. `npm run api` writes the reports anew. Both read dist/: build first.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { entryPoints } from "./lib/entry-points.ts";
import { report } from "./lib/findings.ts";
import { root } from "./lib/run.ts";

const write = process.argv.includes("--write");
const configFile = join(root, "api-extractor.json");

/** Compares the declarations of one entry point with its report, or writes that. */
function check(name: string, declarations: string): string[] {
  const path = join(root, declarations);
  if (!existsSync(path)) return [`${declarations} is not there: run \`npm run build\``];
  const configObject = ExtractorConfig.loadFile(configFile);
  configObject.mainEntryPointFilePath = path;
  configObject.apiReport!.reportFileName = name;
  const extractorConfig = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: configFile,
    packageJsonFullPath: join(root, "package.json"),
  });
  const findings: string[] = [];
  const { apiReportChanged } = Extractor.invoke(extractorConfig, {
    localBuild: write,
    messageCallback(message) {
      message.handled = true;
      // What it says about the report itself is said below, with this project's commands.
      if (message.messageId.startsWith("console-")) return;
      if (message.logLevel === "error" || message.logLevel === "warning") {
        findings.push(message.formatMessageWithLocation(root));
      }
    },
  });
  if (apiReportChanged && write) console.log(`etc/${name}.api.md written`);
  if (apiReportChanged && !write) {
    findings.push(`etc/${name}.api.md is not what ${declarations} declares: if that is meant, run \`npm run api\``);
  }
  return findings;
}

mkdirSync(join(root, "etc"), { recursive: true });
mkdirSync(join(root, "temp", "api"), { recursive: true });
const points = entryPoints(readFileSync(join(root, "package.json"), "utf8"));
report(
  points.flatMap(({ subpath, types }) => check(["oxbow", ...subpath.split("/").slice(1)].join("-"), types)),
  `${points.length} entry points are as reported in etc/`,
);
