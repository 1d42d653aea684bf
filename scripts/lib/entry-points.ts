/** One line of the `exports` of package.json that gives code. */
export interface EntryPoint {
  /** `.` or `./serializers`. */
  readonly subpath: string;
  readonly types: string;
  readonly code: string;
}

/** The entry points that a package.json declares. */
export function entryPoints(manifest: string): EntryPoint[] {
  const { exports } = JSON.parse(manifest) as { readonly exports: Readonly<Record<string, unknown>> };
  return Object.entries(exports).flatMap(([subpath, target]) => {
    if (typeof target === "string") return [];
    const { types, default: code } = target as { readonly types?: string; readonly default?: string };
    if (types === undefined || code === undefined)
      throw new Error(`exports["${subpath}"] in package.json needs "types" and "default"`);
    return [{ subpath, types, code }];
  });
}
