import { readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { installedVersion } from "./packages.ts";

/** What checks see of the machine. */
export interface Machine {
  /** `24.1.0` */
  readonly nodeVersion: string;
  readonly hasSqlite: boolean;
  readonly hasZstd: boolean;
  readonly platform: NodeJS.Platform;
  /** Folders that are emptied now and then. */
  readonly temporaryFolders: readonly string[];
  /** The environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of `/proc/self/mountinfo`; `undefined` where there is none. */
  mounts(): string | undefined;
  /** Free space, in bytes, where a path is. */
  freeBytes(path: string): Promise<number>;
  /** The version of a package as Oxbow finds it; `undefined` where it is not installed. */
  installed(packageName: string): string | undefined;
}

/** This machine. */
export const thisMachine: Machine = {
  nodeVersion: process.versions.node,
  hasSqlite: isBuiltin("node:sqlite"),
  hasZstd: typeof process.getBuiltinModule("node:zlib").createZstdCompress === "function",
  platform: process.platform,
  temporaryFolders: [...new Set([tmpdir(), ...(process.platform === "win32" ? [] : ["/tmp", "/var/tmp"])])],
  env: process.env,
  mounts() {
    try {
      return readFileSync("/proc/self/mountinfo", "utf8");
    } catch {
      return undefined;
    }
  },
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  },
  installed: installedVersion,
};
