import { hash } from "node:crypto";
import { computeKey, type CacheKey } from "../src/caching/compute-key.ts";
import { digestOf } from "../src/hashing/encode.ts";
import { INPUTS } from "../src/index.ts";
import type { Row } from "./compare.ts";

function plain(value: unknown): string {
  return hash("sha256", JSON.stringify(value), "hex");
}

const context = {
  task: { name: "t", version: undefined, fn: () => undefined },
  flowParameters: undefined,
  runId: "run",
  run: undefined,
  checkKeyFunctions: false,
};

/** The key of a call under `INPUTS`, as a task makes it. */
function keyOfCall(inputs: Record<string, unknown>): string {
  return (computeKey(INPUTS, { ...context, inputs }) as CacheKey).value;
}

function repeat(work: (i: number) => unknown): (n: number) => void {
  return (n) => {
    for (let i = 0; i < n; i++) work(i);
  };
}

function rows(count: number, sorted: boolean, dates: boolean): unknown[] {
  return Array.from({ length: count }, (_, id) => {
    const at = dates ? new Date(1.7e12 + id * 1000) : 1.7e12 + id * 1000;
    return sorted
      ? { active: id % 2 === 0, at, id, name: `row ${id}`, score: id / 7 }
      : { id, name: `row ${id}`, score: id / 7, active: id % 2 === 0, at };
  });
}

const megabyte = Buffer.alloc(1 << 20, 7);
const sorted = rows(10_000, true, false);
const unsorted = rows(10_000, false, false);
const dated = rows(10_000, true, true);

/** Keys: canonical encoding and SHA-256. */
export const keyRows: readonly Row[] = [
  {
    name: 'key of a call (1, "a")',
    n: 50_000,
    oxbow: repeat((i) => keyOfCall({ x: i, y: "a" })),
    yardstick: { name: "JSON.stringify + SHA-256", work: repeat((i) => plain({ x: i, y: "a" })) },
    target: { ratio: 1.35 },
  },
  {
    name: 'digest of [1, "a"]',
    n: 50_000,
    oxbow: repeat((i) => digestOf([i, "a"])),
    yardstick: { name: "JSON.stringify + SHA-256", work: repeat((i) => plain([i, "a"])) },
    target: { ratio: 1.35 },
  },
  {
    name: "key of a small object",
    n: 50_000,
    oxbow: repeat((i) => digestOf({ a: i, b: "text", c: [1, 2, 3], d: null })),
    yardstick: {
      name: "JSON.stringify + SHA-256",
      work: repeat((i) => plain({ a: i, b: "text", c: [1, 2, 3], d: null })),
    },
    target: { ratio: 1.35 },
  },
  {
    name: "key of 10k rows, keys sorted",
    n: 5,
    oxbow: repeat(() => digestOf(sorted)),
    yardstick: { name: "JSON.stringify + SHA-256", work: repeat(() => plain(sorted)) },
    target: { ratio: 1.5 },
  },
  {
    name: "key of 10k rows, keys unsorted",
    n: 5,
    oxbow: repeat(() => digestOf(unsorted)),
    yardstick: { name: "JSON.stringify + SHA-256", work: repeat(() => plain(unsorted)) },
    target: { ratio: 1.5 },
  },
  {
    name: "key of 10k rows with dates",
    n: 5,
    oxbow: repeat(() => digestOf(dated)),
    yardstick: { name: "JSON.stringify + SHA-256", work: repeat(() => plain(dated)) },
    target: { ratio: 1.5 },
  },
  {
    name: "key of 1 MiB of bytes",
    n: 20,
    oxbow: repeat(() => digestOf(megabyte)),
    yardstick: { name: "SHA-256", work: repeat(() => hash("sha256", megabyte, "hex")) },
    target: { ratio: 1.05 },
  },
];
