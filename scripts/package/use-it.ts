import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, root, run } from "../lib/run.ts";

const program = (types: boolean): string => `
import { flow, task, INPUTS, OxbowError } from "oxbow";
import * as serializers from "oxbow/serializers";
import * as testing from "oxbow/testing";
import { postgresLocks } from "oxbow/locks/postgres";
import { redisLocks } from "oxbow/locks/redis";
import { postgresStorage } from "oxbow/storage/postgres";
import { redisStorage } from "oxbow/storage/redis";
import { s3Storage } from "oxbow/storage/s3";
import { gcsStorage } from "oxbow/storage/gcs";
import { azureStorage } from "oxbow/storage/azure";
import { fromUnstorage } from "oxbow/storage/unstorage";
import * as classic from "oxbow/classic";
import * as maintenance from "oxbow/maintenance";
import manifest from "oxbow/package.json" with { type: "json" };

const double = task("double", { cachePolicy: INPUTS }, async (x${types ? ": number" : ""}) => x * 2);
export const total = flow("total", async (xs${types ? ": readonly number[]" : ""}) => {
  let sum${types ? ": number" : ""} = 0;
  for (const x of xs) sum += await double(x);
  return sum;
});

if ((await total([1, 2, 3])) !== 12) throw new Error("total is wrong");
const again${types ? ": string | undefined" : ""} = (await double.run(2)).decision?.outcome;
if (again !== "hit") throw new Error(\`the second call is no hit but \${again}\`);
for (const module of [serializers, testing, classic, maintenance, { fromUnstorage }]) if (Object.keys(module).length === 0) throw new Error("an entry point is empty");
// Its drivers are not here: importing what needs them does no harm, and using it says what to install.
for (const [make, driver] of [
  [() => postgresLocks("postgres://localhost"), "pg"],
  [() => postgresStorage("postgres://localhost"), "pg"],
  [() => redisLocks("redis://localhost"), "ioredis"],
  [() => redisStorage("redis://localhost"), "ioredis"],
  [() => s3Storage({ bucket: "results" }), "@aws-sdk/client-s3"],
  [() => gcsStorage({ bucket: "results" }), "@google-cloud/storage"],
  [() => azureStorage({ container: "results", accountUrl: "https://account.blob.core.windows.net", sasToken: "sv=1&sig=s" }), "@azure/storage-blob"],
]${types ? " as const" : ""}) {
  let said${types ? ": unknown" : ""};
  try {
    make();
  } catch (error) {
    said = error;
  }
  if (!(said instanceof OxbowError) || said.code !== "OXBOW_DRIVER_MISSING" || !said.hint?.includes(\`npm install \${driver}\`))
    throw new Error(\`without \${driver}: \${String(said)}\`);
}
console.log(\`\${manifest.name} works\`);
`;

/** Installs a tarball in an empty project: nothing of the repository is there but types of Node, and tsc. */
async function install(folder: string, tarball: string): Promise<void> {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  cpSync(tarball, join(folder, "oxbow.tgz"));
  await run("npm", ["install", "./oxbow.tgz", "--prefer-offline", "--no-audit", "--no-fund"], { cwd: folder });
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  symlinkSync(join(root, "node_modules/@types/node"), join(folder, "node_modules/@types/node"), "junction");
}

/**
 * Uses the packed package as its users do: from JavaScript, from TypeScript that node runs, and under tsc with
 * the strictest checks, declarations of the package included.
 */
export async function useIt(folder: string, tarball: string): Promise<string[]> {
  await install(folder, tarball);
  writeFileSync(join(folder, "plain.js"), program(false));
  writeFileSync(join(folder, "typed.ts"), program(true));
  const compilerOptions = {
    module: "nodenext",
    target: "es2023",
    lib: ["es2023"],
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["typed.ts"] }));

  const findings: string[] = [];
  for (const [command, ...args] of [
    ["node", "plain.js"],
    ["node", "typed.ts"],
    ["tsc", "-p", "."],
    ["node_modules/.bin/oxbow", "run", "typed.ts:total", "--param", "xs=[1,2]"],
    ["node_modules/.bin/oxbow", "flow-run", "ls", "--json"],
    ["node_modules/.bin/oxbow", "doctor", "typed.ts"],
  ] as const) {
    const { status, output } = await attempt(command, args, {
      cwd: folder,
      env: { OXBOW_HOME: join(folder, "home of", args[0]) },
    });
    if (status !== 0)
      findings.push(`In a project of its own, \`${[command, ...args].join(" ")}\` exits with ${status}:\n${output}`);
  }
  return findings;
}
