/* Which flow or task of which file is meant, and how it comes out of it. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { definitionOf, type Definition } from "../../authoring/definition-of.ts";
import type { Flow } from "../../authoring/flow.ts";
import type { Task } from "../../authoring/task.ts";
import { nearest } from "../../kernel/suggest.ts";
import { hintOfOtherCopy } from "../local-copy.ts";
import { misuse } from "../output.ts";
import { importFailure } from "./import-failure.ts";

/** A flow or a task that a file exports. */
export type Found =
  | { readonly exported: string; readonly kind: "flow"; readonly definition: Definition; readonly flow: Flow }
  | { readonly exported: string; readonly kind: "task"; readonly definition: Definition; readonly task: Task };

/** A file, and what of it. */
export interface Target {
  readonly path: string;
  /** The name of an export, or of a flow or a task. */
  readonly wanted: string | undefined;
}

/** Reads `FILE[:export]`. @throws {ConfigurationError} where there is no such file */
export function targetOf(text: string, cwd: string): Target {
  if (text.startsWith("file:"))
    return isFile(fileURLToPath(text)) ? { path: fileURLToPath(text), wanted: undefined } : missing(text, cwd);
  const whole = resolve(cwd, text);
  if (isFile(whole)) return { path: whole, wanted: undefined };
  const at = text.lastIndexOf(":");
  // `C:\etl.ts` has a colon of its own.
  if (at > 1) {
    const path = resolve(cwd, text.slice(0, at));
    if (isFile(path)) return { path, wanted: text.slice(at + 1) || undefined };
    return missing(text.slice(0, at), cwd);
  }
  return missing(text, cwd);
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

function missing(text: string, cwd: string): never {
  const path = resolve(cwd, text);
  const folder = dirname(path);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => /\.[cm]?[jt]s$/.test(name)) : [];
  const meant =
    files.find((name) => basename(name, extname(name)) === basename(path)) ?? nearest(basename(path), files);
  throw misuse(`There is no file ${text}`, meant && `did you mean ${relative(cwd, join(folder, meant))}?`);
}

/** All flows and tasks that a file exports. @throws {ConfigurationError} where it cannot be imported */
export async function exportsOf(path: string): Promise<readonly Found[]> {
  let module: Record<string, unknown>;
  try {
    const importing = import(/* @vite-ignore */ pathToFileURL(path).href) as Promise<Record<string, unknown>>;
    module = await untilNothingIsLeft(importing, path);
  } catch (error) {
    throw importFailure(path, error);
  }
  const found: Found[] = [];
  const seen = new Set<unknown>();
  // What is exported by its name and as the default counts once, by its name.
  const names = Object.keys(module).toSorted((left, right) => Number(left === "default") - Number(right === "default"));
  for (const exported of names) {
    const value = module[exported];
    const definition = definitionOf(value);
    if (!definition || seen.has(value)) continue;
    seen.add(value);
    found.push(
      definition.kind === "flow"
        ? { exported, kind: "flow", definition, flow: value as Flow }
        : { exported, kind: "task", definition, task: value as Task },
    );
  }
  return found;
}

/** Where nothing is left that could go on, Node would end the process without a word about the file. */
async function untilNothingIsLeft<T>(importing: Promise<T>, path: string): Promise<T> {
  let stop = (): void => undefined;
  const stuck = new Promise<never>((_, reject) => {
    stop = () =>
      reject(
        misuse(
          `${basename(path)} never finished importing: a top-level await in it, or in what it imports, waits for what never comes`,
          "let the flow itself wait, not the file that exports it",
        ),
      );
  });
  process.once("beforeExit", stop);
  try {
    return await Promise.race([importing, stuck]);
  } finally {
    process.off("beforeExit", stop);
  }
}

/** The flow or task that is meant: the one that was named, the only flow, the only task. @throws {ConfigurationError} */
export async function find({ path, wanted }: Target): Promise<Found> {
  const all = await exportsOf(path);
  const file = basename(path);
  if (wanted !== undefined) {
    const found =
      all.find(({ exported }) => exported === wanted) ?? all.find(({ definition }) => definition.name === wanted);
    if (found) return found;
    const meant = nearest(
      wanted,
      all.flatMap(({ exported, definition }) => [exported, definition.name]),
    );
    throw misuse(
      `${file} exports no flow or task "${wanted}"`,
      (meant && `did you mean ${file}:${meant}?`) ?? listed(all, file),
    );
  }
  const flows = all.filter(({ kind }) => kind === "flow");
  const candidates = flows.length > 0 ? flows : all;
  if (candidates.length === 1) return candidates[0]!;
  if (candidates.length === 0) {
    throw misuse(
      `${file} exports no flow and no task`,
      hintOfOtherCopy(path) ?? 'export what flow("name", fn) gives: export const etl = flow(…)',
    );
  }
  const kind = flows.length > 0 ? "flows" : "tasks";
  throw misuse(`${file} exports ${candidates.length} ${kind}: say which one`, listed(candidates, file));
}

function listed(all: readonly Found[], file: string): string | undefined {
  return all.length === 0 ? undefined : `there are ${all.map(({ exported }) => `${file}:${exported}`).join(", ")}`;
}
