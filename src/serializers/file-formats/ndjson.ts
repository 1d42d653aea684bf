import { checkList, plainJson } from "../../kernel/plain-json.ts";
import { Refusal, segmentOf, typeName, withArticle } from "../../kernel/refusal.ts";
import { unreadable } from "../internal/refusals.ts";
import type { FileFormat } from "./file-format.ts";
import { parsed } from "./json.ts";
import { refused } from "./refused.ts";

/** So many characters of lines become one chunk. */
const chunkLength = 64 * 1024;

/**
 * JSON Lines: one value per line. It takes arrays, and iterators and streams of values, which are written as they come; what comes back is
 * an array. Sets, maps and strings are refused: they are one value, not many.
 */
export const ndjsonFile: FileFormat = {
  name: "ndjson",
  keeps: (value) => Array.isArray(value),

  write(value) {
    if (Array.isArray(value)) return linesOfArray(value);
    if (isAsyncIterable(value)) return linesAsTheyCome(value);
    if (isIterator(value)) return asStream(lines(value));
    const hint = typeof value === "object" && value !== null && Symbol.iterator in value ? "return [...it]" : undefined;
    throw refused(
      new Refusal(typeName(value), `${withArticle(typeName(value))} is no list of values`, hint ? { hint } : {}),
      "ndjson",
    );
  },

  async read(file) {
    const values: unknown[] = [];
    let number = 0;
    for await (const line of linesOf(file.stream())) {
      number += 1;
      if (/\S/.test(line)) values.push(parsed(line, `line ${number} of ndjson`));
    }
    return values;
  },
};

function linesOfArray(values: readonly unknown[]): readonly Uint8Array[] {
  try {
    checkList(values);
  } catch (error) {
    throw refused(error, "ndjson");
  }
  return [...lines(values)];
}

function lineOf(value: unknown, index: number): string {
  try {
    return `${plainJson(value)}\n`;
  } catch (error) {
    throw refused(error, "ndjson", segmentOf(index));
  }
}

function* lines(values: Iterable<unknown>): Generator<Uint8Array, void> {
  let waiting = "";
  let index = 0;
  for (const value of values) {
    waiting += lineOf(value, index++);
    if (waiting.length < chunkLength) continue;
    yield Buffer.from(waiting);
    waiting = "";
  }
  if (waiting !== "") yield Buffer.from(waiting);
}

async function* linesAsTheyCome(values: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void> {
  let waiting = "";
  let index = 0;
  for await (const value of values) {
    waiting += lineOf(value, index++);
    if (waiting.length < chunkLength) continue;
    yield Buffer.from(waiting);
    waiting = "";
  }
  if (waiting !== "") yield Buffer.from(waiting);
}

async function* asStream(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield* chunks;
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  const decode = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw unreadable("ndjson", "the text is not UTF-8");
    }
  };
  for await (const chunk of chunks) {
    const found = (rest + decode(chunk)).split("\n");
    rest = found.pop()!;
    yield* found;
  }
  yield rest + decode();
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** What can be gone through once; of a collection, every call of its iterator begins anew. */
function isIterator(value: unknown): value is Iterable<unknown> {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) return false;
  return typeof (value as { readonly next?: unknown }).next === "function";
}
