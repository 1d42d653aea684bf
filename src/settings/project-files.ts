import { dirname, join } from "node:path";
import { checkEnvNames } from "./environment.ts";
import { invalid, layerOf, type Layer } from "./layer.ts";
import { parseJson, parseToml, textOf } from "./settings-file.ts";

/** What reads each file of a project that may have settings, the most important first. */
export const projectFiles: ReadonlyArray<(cwd: string) => Layer | undefined> = [dotEnv, oxbowToml, packageJson];

/** What the files of a project say about settings, the most important first. */
export function projectLayers(cwd: string): readonly Layer[] {
  return projectFiles.map((read) => read(cwd)).filter((layer) => layer !== undefined);
}

function dotEnv(cwd: string): Layer | undefined {
  const path = join(cwd, ".env");
  const text = textIfFile(path);
  if (text === undefined || !text.includes("OXBOW_")) return undefined;
  // An import of node:util loads all of it, for each program that has no .env.
  const { parseEnv } = process.getBuiltinModule("node:util");
  const ours = Object.entries(parseEnv(text)).filter(([name, value]) => name.startsWith("OXBOW_") && value !== "");
  const named = checkEnvNames(
    ours.map(([name]) => name),
    path,
  );
  return layerOf(path, cwd, Object.fromEntries(ours.filter(([name]) => named.has(name))));
}

function oxbowToml(cwd: string): Layer | undefined {
  for (const folder of upwards(cwd)) {
    const path = join(folder, "oxbow.toml");
    const text = textOf(path);
    if (text !== undefined) return layerOf(path, folder, parseToml(text, path));
  }
  return undefined;
}

function packageJson(cwd: string): Layer | undefined {
  for (const folder of upwards(cwd)) {
    const path = join(folder, "package.json");
    const text = textIfFile(path);
    // Files of others on the way up, broken ones too, are none of our business.
    if (text === undefined || !text.includes('"oxbow"')) continue;
    const manifest = parseJson(text, path) as { readonly oxbow?: unknown } | null;
    const table = manifest?.oxbow;
    if (table === undefined) continue;
    const source = `${path}#oxbow`;
    if (typeof table !== "object" || table === null || Array.isArray(table)) {
      throw invalid(`${source} is ${JSON.stringify(table)}, expected an object of settings`);
    }
    return layerOf(source, folder, table);
  }
  return undefined;
}

/** `.env` is also a usual name for a folder, and a `package.json` on the way up may belong to somebody else. */
function textIfFile(path: string): string | undefined {
  try {
    return textOf(path);
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (code === "EISDIR" || (code === "EACCES" && !path.endsWith(".env"))) return undefined;
    throw error;
  }
}

function* upwards(from: string): Generator<string> {
  for (let folder = from; ; folder = dirname(folder)) {
    yield folder;
    if (dirname(folder) === folder) return;
  }
}
