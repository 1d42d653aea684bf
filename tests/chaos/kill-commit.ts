/*
 * Kills a process while it publishes five records together, again and again, and looks at what readers find.
 *
 *   node tests/chaos/kill-commit.ts --storage sqlite --rounds 200
 *
 * Every other process writes new keys for each of its rounds, the others write the same five keys over and over. Kills are
 * spread over the duration of a publication, as measured. Holds where, after every kill, a reader that begins then
 * finds all five records of the round that was being published or none, all five of every round that was confirmed
 * before, and never two rounds mixed; and where a reader beside a living writer, too, finds all five as soon as it has
 * found one. Prints one line; exits with 1 where something does not hold.
 *
 * `--storage postgres` needs the URL of a server in OXBOW_TEST_PG_URL.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import type { Storage } from "../../src/storage/storage.ts";
import { commitMarkerName } from "../../src/results/commit-marker.ts";
import { type CommitKind, type CommitOrder, keysOf, openPlace, storeIn, valueOf } from "./commit-writer.ts";
import { startScript, type Writer } from "./start-writer.ts";

const { values: options } = parseArgs({
  options: { storage: { type: "string", default: "sqlite" }, rounds: { type: "string", default: "200" } },
});
const kind = options.storage as CommitKind;
const rounds = Number(options.rounds);
if (!["file", "sqlite", "postgres"].includes(kind) || !(rounds > 0))
  throw new Error("Usage: --storage file|sqlite|postgres --rounds <number>");

const isFolder = kind !== "postgres";
const place = isFolder ? mkdtempSync(join(tmpdir(), `oxbow-commit-${kind}-`)) : process.env["OXBOW_TEST_PG_URL"]!;
if (!place) throw new Error("OXBOW_TEST_PG_URL is not set");
const prefix = `kill-commit ${Date.now().toString(36)}`;

/** What a reader finds under the five keys of a round: the round that each value is of, or nothing. */
type Found = Array<number | undefined>;

const faults: string[] = [];
const cut = { before: 0, after: 0, between: 0, halfWay: 0 };
const leftBehind = { parts: 0, markers: 0 };
const durations: number[] = [];
let confirmed = 0;
let looksBeside = 0;
/** The round that the five keys hold that are the same for all. */
let standing: number | undefined;

try {
  for (let round = 1; round <= rounds; round += 1) await killOnce(round);
} finally {
  if (isFolder) rmSync(place, { recursive: true, force: true });
}
for (const fault of faults.slice(0, 20)) console.error(fault);
console.log(
  `kill-commit ${kind}: ${rounds} kills, ${cut.before + cut.after} during a publication (${cut.before} before its commit, ` +
    `${cut.halfWay} of them with a part of it written; ${cut.after} after it), ${cut.between} between two; a publication took ${medianDuration().toFixed(1)} ms; ` +
    `${confirmed} publications confirmed, ${looksBeside} seen to appear by a reader beside; ` +
    `${leftBehind.parts} uncommitted parts and ${leftBehind.markers} markers of replaced records left behind, ${faults.length} faults`,
);
process.exitCode = faults.length === 0 ? 0 : 1;

async function killOnce(number: number): Promise<void> {
  const keys = number % 2 === 0 ? "same" : "new";
  const order: CommitOrder = { storage: kind, place, prefix, keys, from: number * 100_000 };
  const writer = startScript("commit-writer.ts", order);
  // A process that has just begun is slow: it is killed in one of its later rounds.
  const round = await whenStarted(writer, order.from + 2 + Math.floor(Math.random() * 5));
  if (keys === "new" && round !== undefined) await lookBeside(order, round);
  await whenStarted(writer, 0);
  await exactly(Math.random() * 1.1 * medianDuration());
  writer.child.kill("SIGKILL");
  const { lines, code, errors } = await writer.ended;
  if (code !== null) faults.push(`kill ${number}: the writer ended by itself with ${code}: ${errors.slice(0, 500)}`);
  await lookAfter(number, order, lines);
}

/** The next round, from `round` on, of which the process says that it begins; `undefined` where it has ended instead. */
function whenStarted({ child, ended }: Writer, round: number): Promise<number | undefined> {
  const started = new Promise<number>((resolve) => {
    child.stdout!.on("data", function listen(text: string) {
      const found = Number(/start (\d+)\n$/.exec(text)?.[1] ?? -1);
      if (found < round) return;
      child.stdout!.off("data", listen);
      resolve(found);
    });
  });
  return Promise.race([started, ended.then(() => undefined)]);
}

/** A timer has a grain of 1 ms, which is a good part of a publication. */
async function exactly(ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (performance.now() < until) if (until - performance.now() > 20) await sleep(10);
}

function medianDuration(): number {
  return [...durations].sort((a, b) => a - b)[durations.length >> 1] ?? 5;
}

async function lookAfter(number: number, order: CommitOrder, lines: readonly string[]): Promise<void> {
  const storage = await openPlace(kind, place);
  let last: number | undefined;
  let isDone = true;
  for (const line of lines) {
    const [, verb, round, ms] = /^(start|done) (\d+) ?(.*)$/.exec(line)!;
    isDone = verb === "done";
    last = Number(round);
    if (!isDone) continue;
    confirmed += 1;
    durations.push(Number(ms));
    if (order.keys === "same") standing = last;
    else await expectRound(storage, number, order, last, true);
  }
  if (last === undefined) return;
  const isThere = await expectRound(storage, number, order, last, isDone);
  if (isDone) cut.between += 1;
  else cut[isThere ? "after" : "before"] += 1;
  await countLeftovers(storage, order);
  await storage.close();
}

/** @returns whether the round is there */
async function expectRound(
  storage: Storage,
  number: number,
  order: CommitOrder,
  round: number,
  isConfirmed: boolean,
): Promise<boolean> {
  let found = await readRound(storage, order, round);
  // A server may still be busy with the last words of a client that is gone.
  if (!isFolder && !isWhole(found, order, round, isConfirmed)) {
    await sleep(300);
    found = await readRound(storage, order, round);
  }
  if (!isWhole(found, order, round, isConfirmed))
    faults.push(`kill ${number}, ${order.keys} keys, round ${round} ${isConfirmed ? "" : "not "}confirmed: ${found}`);
  const isThere = found[0] === round;
  if (order.keys === "same" && isThere) standing = round;
  return isThere;
}

function isWhole(found: Found, { keys }: CommitOrder, round: number, isConfirmed: boolean): boolean {
  if (found.every((each) => each === round)) return true;
  if (isConfirmed) return false;
  if (keys === "new") return found.every((each) => each === undefined);
  // Under a commit marker the old record of a key goes before the new one counts; a batch leaves all of them.
  if (kind === "file") return found.every((each) => each === undefined || each === standing);
  return found.every((each) => each === standing);
}

/** What a reader finds that knows nothing yet. */
async function readRound(storage: Storage, order: CommitOrder, round: number): Promise<Found> {
  const store = storeIn(storage);
  const found: Found = [];
  for (const [i, key] of keysOf(order, round).entries()) {
    const lookup = await store.lookUp({ text: key, value: key }, Date.now());
    if (lookup.kind === "absent") found.push(undefined);
    else if (lookup.kind !== "found") found.push(Number.NaN);
    else {
      const { round: of } = lookup.value as { round: number };
      found.push(JSON.stringify(lookup.value) === JSON.stringify(valueOf(of, i)) ? of : Number.NaN);
    }
  }
  return found;
}

/** Looks for a round that is about to appear, at each key in turn; when one is there, all have to be. */
async function lookBeside(order: CommitOrder, round: number): Promise<void> {
  const storage = await openPlace(kind, place);
  const store = storeIn(storage);
  const keys = keysOf(order, round);
  for (let look = Math.floor(Math.random() * keys.length), until = Date.now() + 2000; Date.now() < until; look += 1) {
    if (await store.exists(keys[look % keys.length]!)) {
      const found = await readRound(storage, order, round);
      if (!found.every((each) => each === round)) faults.push(`A reader beside round ${round} found ${found}`);
      looksBeside += 1;
      break;
    }
    await nextTurn();
  }
  await storage.close();
}

/** Counts what does not count, and clears the place of everything but the five keys that are always the same. */
async function countLeftovers(storage: Storage, order: CommitOrder): Promise<void> {
  const markers = new Map<string, string>();
  let parts = intents();
  for await (const { key, commit } of storage.list({ prefix })) {
    const marker = commit === undefined ? undefined : commitMarkerName(commit);
    const isCommitted = marker === undefined || (await storage.values.get(marker)) !== undefined;
    if (marker !== undefined && isCommitted) markers.set(marker, key);
    if (!isCommitted && isOf(order.keys, key)) parts += 1;
    if (isOf("new", key)) await storage.delete(key);
  }
  if (parts > 0) cut.halfWay += 1;
  leftBehind.parts += parts;
  if (kind === "file") await clearMarkers(storage, markers);
}

function isOf(keys: CommitOrder["keys"], key: string): boolean {
  return key.startsWith(`${prefix}/${keys === "new" ? "round" : "same"}`);
}

/** Files of large values that no row names, which SQLite has a list of for the next writer. */
function intents(): number {
  if (kind !== "sqlite") return 0;
  const db = new DatabaseSync(join(place, "records.db"));
  const count = Number(Object.values(db.prepare("SELECT count(*) FROM file_intents").get()!)[0]);
  db.close();
  return count;
}

/** @param found those of records, each with one of their keys */
async function clearMarkers(storage: Storage, found: ReadonlyMap<string, string>): Promise<void> {
  for (const name of readdirSync(place)) {
    const marker = /^(commit-.*)\.value$/.exec(name)?.[1];
    const key = marker && found.get(marker);
    if (marker === undefined || (key !== undefined && isOf("same", key))) continue;
    if (key === undefined) leftBehind.markers += 1;
    await storage.values.delete(marker);
  }
}
