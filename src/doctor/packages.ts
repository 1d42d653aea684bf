import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The packages that a driver needs, by the type of its block. */
export const packagesOf: Readonly<Record<string, string>> = {
  s3: "@aws-sdk/client-s3",
  gcs: "@google-cloud/storage",
  azure: "@azure/storage-blob",
  redis: "ioredis",
  "redis-locks": "ioredis",
  postgres: "pg",
  "postgres-locks": "pg",
};

/** What a `package.json` says that matters here. */
interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly engines?: { readonly node?: string };
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The version of a package as a driver finds it; `undefined` where it is not installed. */
export function installedVersion(packageName: string): string | undefined {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(packageName);
  } catch {
    return undefined;
  }
  return manifestAbove(entry, packageName)?.manifest.version ?? "0.0.0";
}

let own: { readonly folder: string; readonly manifest: Manifest } | undefined;

/** The folder of this package, and what its manifest says. */
export function ownPackage(): { readonly folder: string; readonly manifest: Manifest } {
  return (own ??= manifestAbove(fileURLToPath(import.meta.url), "oxbow") ?? { folder: "", manifest: {} });
}

/** `exports` may hide the manifest, so it is looked for on the way up. */
function manifestAbove(
  path: string,
  name: string,
): { readonly folder: string; readonly manifest: Manifest } | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = manifestIn(folder);
    if (manifest?.name === name) return { folder, manifest };
    if (folder === dirname(folder)) return undefined;
  }
}

function manifestIn(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}
