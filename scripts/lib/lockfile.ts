/** What package-lock.json says about one package. */
export interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** package-lock.json, as far as it matters here. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, Locked>>;
}

const systems = ["darwin", "linux", "win32", "android", "freebsd", "openharmony"];
const processors = ["arm64", "x64", "arm", "ia32", "riscv64", "ppc64", "s390x", "wasm32", "loong64"];

/** The machines that a binary is for, as its name says: `@rolldown/binding-linux-x64-musl`. */
function platform(name: string): Record<"os" | "cpu" | "libc", Partial<Locked>> {
  const words = name.split(/[-/]/);
  const os = words.filter((word) => systems.includes(word));
  const cpu = words.filter((word) => processors.includes(word));
  const libc = /musl/.test(name) ? ["musl"] : /-gnu/.test(name) && os.includes("linux") ? ["glibc"] : [];
  return { os: os.length > 0 ? { os } : {}, cpu: cpu.length > 0 ? { cpu } : {}, libc: libc.length > 0 ? { libc } : {} };
}

/** Whether a package finds another: in its own folder, or in one around it. */
function isFound(lockfile: Lockfile, from: string, name: string): boolean {
  for (let path = from; ; path = path.slice(0, Math.max(0, path.lastIndexOf("/node_modules/")))) {
    if (`${path}/node_modules/${name}` in lockfile.packages) return true;
    if (!path.includes("/node_modules/")) return `node_modules/${name}` in lockfile.packages;
  }
}

/** Entries for the optional dependencies with an exact version that the lockfile does not have. */
export function missingBinaries(lockfile: Lockfile): Record<string, Locked> {
  const missing: Record<string, Locked> = {};
  for (const [path, { optionalDependencies = {}, dev }] of Object.entries(lockfile.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (!/^\d/.test(version) || isFound(lockfile, path, name)) continue;
      const { cpu, libc, os } = platform(name);
      // In the order in which npm writes them.
      missing[`node_modules/${name}`] = { version, ...cpu, ...(dev && { dev }), ...libc, optional: true, ...os };
    }
  }
  return missing;
}
