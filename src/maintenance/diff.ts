import { ConfigurationError } from "../kernel/errors.ts";
import type { RunStore } from "../history/run-store.ts";
import type { RecordMetadata } from "../storage/storage.ts";
import { findKey } from "./find-key.ts";
import type { RecordPlace } from "./place.ts";

/** One component of two keys. */
export interface ComponentDifference {
  /** `inputs.url`, `task-source`, …. */
  readonly name: string;
  /** Whether both have it, and the same. */
  readonly isEqual: boolean;
  /** Digests of 16 hexadecimal digits; `undefined` where a key has no such component. */
  readonly left: string | undefined;
  readonly right: string | undefined;
  /** The value as JSON, or the source as its component has it, where the history knows. */
  readonly leftValue: string | undefined;
  readonly rightValue: string | undefined;
}

/** What tells two records apart. */
export interface RecordDifference {
  readonly left: RecordMetadata;
  readonly right: RecordMetadata;
  /** All components of both keys: those that differ first. */
  readonly components: readonly ComponentDifference[];
  /** Whether their payloads are the same, byte for byte. */
  readonly isSameValue: boolean;
}

/**
 * Which components of two keys differ, with their values where the history has them.
 *
 * @param left a key, or the beginning of one
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where one of them is no record, or several begin so
 */
export async function diff(place: RecordPlace, left: string, right: string): Promise<RecordDifference> {
  const [a, b] = [await recordOf(place, left), await recordOf(place, right)];
  const [valuesOfA, valuesOfB] = [await valuesOf(place.history, a), await valuesOf(place.history, b)];
  const names = new Set([...Object.keys(a.components), ...Object.keys(b.components)]);
  const components = [...names].map((name): ComponentDifference => {
    const [of, other] = [digestOf(a, name), digestOf(b, name)];
    const values = { leftValue: valuesOfA.get(name), rightValue: valuesOfB.get(name) };
    return { name, isEqual: of === other, left: of, right: other, ...values };
  });
  components.sort((one, other) => Number(one.isEqual) - Number(other.isEqual));
  return { left: a, right: b, components, isSameValue: a.sha256 === b.sha256 };
}

async function recordOf(place: RecordPlace, text: string): Promise<RecordMetadata> {
  const key = await findKey(place, text);
  const metadata = key === undefined ? undefined : await (place.keyStorage ?? place.storage).head(key);
  if (metadata) return metadata;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `There is no record under the key ${JSON.stringify(text)}`);
}

function digestOf({ components }: RecordMetadata, name: string): string | undefined {
  return Object.hasOwn(components, name) ? components[name] : undefined;
}

/** What the components of a record were made of, by their names. */
export async function valuesOf(
  history: RunStore | undefined,
  metadata: Pick<RecordMetadata, "taskRunId" | "flowRunId" | "taskName" | "components">,
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  if (!history || metadata.taskRunId === "") return values;
  const { flowRunId } = metadata;
  const [run, flowRun, sources] = await Promise.all([
    history.taskRuns.find(metadata.taskRunId),
    flowRunId === undefined ? undefined : history.flowRuns.find(flowRunId),
    history.taskSources.list(metadata.taskName),
  ]);
  const shown: ReadonlyArray<readonly [string, string | undefined]> = [
    ["inputs", run?.inputs.json],
    ["parameters", flowRun?.parameters.json],
  ];
  for (const [prefix, json] of shown)
    for (const [name, value] of fieldsOf(json)) values.set(`${prefix}.${name}`, JSON.stringify(value));
  const source = sources.find(({ digest }) => digest === metadata.components["task-source"]);
  if (source) values.set("task-source", source.text);
  return values;
}

function fieldsOf(json: string | undefined): ReadonlyArray<readonly [string, unknown]> {
  try {
    const fields: unknown = json === undefined ? undefined : JSON.parse(json);
    return typeof fields === "object" && fields !== null ? Object.entries(fields) : [];
  } catch {
    // Written by another release, perhaps: what is shown here is a help and no more.
    return [];
  }
}
