import { systemClock } from "../kernel/clock.ts";
import { type Duration, toMs } from "../kernel/duration.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { checkOptionNames } from "../kernel/option-names.ts";
import type { RunStore } from "../history/run-store.ts";
import { isExpired } from "../results/record.ts";
import type { ListOptions, RecordMetadata } from "../storage/storage.ts";
import { inGroups, Pace } from "./pace.ts";
import { indexOf, type LongOperation, type RecordPlace } from "./place.ts";
import { keysPerQuestion, lastUsesOf } from "./uses.ts";

/** Which records; those that meet all of it. Nothing at all means every record. */
export interface RecordFilter {
  /** The task that computed them. */
  readonly task?: string | undefined;
  /** The flow run that they were computed in: its id; with the history its name, or the beginning of its id, too. */
  readonly flowRun?: string | undefined;
  /** The flow that they were computed in. Needs the history. */
  readonly flow?: string | undefined;
  /** Written longer ago than this. */
  readonly olderThan?: Duration | undefined;
  /** Written no longer ago than this. */
  readonly newerThan?: Duration | undefined;
  /** `true` for those that have expired, `false` for the others. */
  readonly expired?: boolean | undefined;
  /** With this tag. */
  readonly tag?: string | undefined;
  /** With this key, and no other. */
  readonly key?: string | undefined;
  /** With a key that begins with this. */
  readonly prefix?: string | undefined;
  /** Neither written nor used for so long. Needs the history. */
  readonly unusedFor?: Duration | undefined;
  /** With a payload of more bytes than this. */
  readonly largerThan?: number | undefined;
}

/** How {@link select} goes about it. */
export interface SelectOptions extends LongOperation, Pick<ListOptions, "onDamaged"> {}

type Test = (metadata: RecordMetadata) => boolean;

const names: ReadonlyArray<keyof RecordFilter> = [
  ...(["task", "flowRun", "flow", "olderThan", "newerThan", "expired", "tag", "key", "prefix", "unusedFor"] as const),
  "largerThan",
];

/**
 * The metadata of the records that a filter chooses, in the order of their keys. They are read page by page: memory holds
 * some hundred of them, however many there are.
 *
 * @throws {StorageError} where the storage has no list
 * @throws {ConfigurationError} for a name that a filter does not have, an empty text, a duration that is none, or where the history is
 * needed and missing
 */
export async function* select(
  place: RecordPlace,
  filter: RecordFilter = {},
  options: SelectOptions = {},
): AsyncGenerator<RecordMetadata, void> {
  checkOptionNames(filter, names, "A record filter");
  checkTexts(filter);
  const now = (place.clock ?? systemClock).now();
  const pace = new Pace(options);
  const chosen = matching(place, filter, await testsOf(place, filter, now), options, pace);
  const counted = filter.unusedFor === undefined ? chosen : unused(place, filter.unusedFor, now, chosen);
  yield* counted;
  pace.end();
}

async function* matching(
  place: RecordPlace,
  { key, prefix = key, flow }: RecordFilter,
  tests: readonly Test[],
  { onDamaged }: SelectOptions,
  pace: Pace,
): AsyncGenerator<RecordMetadata, void> {
  const ofFlow = flow === undefined ? undefined : flowTest(historyOf(place, "flow"), flow);
  const listOptions = { ...(prefix === undefined ? {} : { prefix }), ...(onDamaged ? { onDamaged } : {}) };
  for await (const metadata of indexOf(place).list(listOptions)) {
    pace.advance(metadata.size);
    if (tests.every((test) => test(metadata)) && (!ofFlow || (await ofFlow(metadata)))) yield metadata;
    await pace.turn();
  }
}

async function* unused(
  place: RecordPlace,
  length: Duration,
  now: number,
  records: AsyncIterable<RecordMetadata>,
): AsyncGenerator<RecordMetadata, void> {
  const before = now - toMs(length, "unusedFor");
  const history = historyOf(place, "unusedFor");
  for await (const group of inGroups(records, keysPerQuestion)) {
    const lastUses = await lastUsesOf(history, group);
    for (const [i, metadata] of group.entries()) if (lastUses[i]! <= before) yield metadata;
  }
}

async function testsOf(place: RecordPlace, filter: RecordFilter, now: number): Promise<readonly Test[]> {
  const { task, expired, tag, key, largerThan } = filter;
  const tests: Test[] = [];
  if (key !== undefined) tests.push((metadata) => metadata.key === key);
  if (task !== undefined) tests.push(({ taskName }) => taskName === task);
  if (tag !== undefined) tests.push(({ tags }) => tags.includes(tag));
  if (expired !== undefined) tests.push((metadata) => isExpired(metadata, now) === expired);
  if (largerThan !== undefined) tests.push(({ size }) => size > largerThan);
  if (filter.olderThan !== undefined) {
    const before = now - toMs(filter.olderThan, "olderThan");
    tests.push(({ createdAt }) => createdAt < before);
  }
  if (filter.newerThan !== undefined) {
    const from = now - toMs(filter.newerThan, "newerThan");
    tests.push(({ createdAt }) => createdAt >= from);
  }
  if (filter.flowRun !== undefined) {
    const id = (await place.history?.flowRuns.find(filter.flowRun))?.id ?? filter.flowRun;
    tests.push(({ flowRunId }) => flowRunId === id);
  }
  return tests;
}

/** An empty text is a variable that nobody has set: as a prefix it would choose every record. */
function checkTexts(filter: RecordFilter): void {
  for (const [name, value] of Object.entries(filter)) {
    if (value !== "") continue;
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `A record filter: ${name} is an empty text`, {
      hint: "leave it out where it is not to choose",
    });
  }
}

const flowsRemembered = 1000;

/** A record knows its flow run, and the history the flow of that. */
function flowTest(history: RunStore, flow: string): (metadata: RecordMetadata) => Promise<boolean> {
  const known = new Map<string, boolean>();
  return async ({ flowRunId }) => {
    if (flowRunId === undefined) return false;
    const answer = known.get(flowRunId) ?? (await history.flowRuns.find(flowRunId))?.flowName === flow;
    if (known.size >= flowsRemembered) known.clear();
    known.set(flowRunId, answer);
    return answer;
  };
}

function historyOf({ history }: RecordPlace, what: string): RunStore {
  if (history) return history;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `The filter ${what} needs the run history, and there is none`, {
    hint: "the setting history.enabled turns it on",
  });
}
