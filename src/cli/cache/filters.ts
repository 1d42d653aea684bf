/* Which records a command is about. */
import type { Command } from "commander";
import type { Duration } from "../../kernel/duration.ts";
import type { RecordFilter } from "../../maintenance/index.ts";
import { parseValue } from "../../settings/parse.ts";
import { declarations } from "../../settings/schema.ts";
import { misuse, refuseEmpty } from "../output.ts";
import type { PlaceOptions } from "./place.ts";

/** The options of {@link withRecordFilters}. */
export interface RecordFilterOptions extends PlaceOptions {
  readonly task?: string;
  readonly flow?: string;
  readonly flowRun?: string;
  readonly tag?: string;
  readonly key?: string;
  readonly olderThan?: string;
  readonly newerThan?: string;
  readonly unusedFor?: string;
  readonly largerThan?: string;
  readonly expired?: true;
}

/** Adds the options that say which storage it is about. */
export function withPlaceOptions(command: Command): Command {
  return command
    .option("--storage <block>", "the storage: a folder or a block; the default one where it is not said")
    .option("--key-storage <block>", "where the metadata are, of results that keep them apart");
}

/** Adds the options that choose records. */
export function withRecordFilters(command: Command): Command {
  return withPlaceOptions(command)
    .option("--task <task>", "computed by this task")
    .option("--flow <flow>", "computed in this flow")
    .option("--flow-run <flow-run>", "computed in this flow run")
    .option("--tag <tag>", "with this tag")
    .option("--key <prefix>", "with a key that begins so")
    .option("--older-than <duration>", 'written longer ago than this: "30 days"')
    .option("--newer-than <duration>", "written no longer ago than this")
    .option("--unused-for <duration>", "neither written nor used for so long")
    .option("--larger-than <size>", 'with a result larger than this: "10MiB"')
    .option("--expired", "that have expired");
}

/** What the options mean. @throws {ConfigurationError} */
export function recordFilterOf(options: RecordFilterOptions): RecordFilter {
  refuseEmpty(options);
  const { task, flow, flowRun, tag, key, olderThan, newerThan, unusedFor, largerThan, expired } = options;
  const size = largerThan === undefined ? undefined : bytesOf(largerThan, "--larger-than");
  return {
    ...{ task, flow, flowRun, tag, prefix: key, largerThan: size, expired },
    olderThan: olderThan as Duration | undefined,
    newerThan: newerThan as Duration | undefined,
    unusedFor: unusedFor as Duration | undefined,
  };
}

/** Whether the options choose anything: without, it is all records. */
export function chooses(filter: RecordFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

/** A number of bytes: `10MiB`. @throws {ConfigurationError} */
export function bytesOf(text: string, option: string): number {
  const bytes = parseValue(declarations["cache.maxSize"], text, { base: "/", home: "/" });
  if (typeof bytes === "number") return bytes;
  throw misuse(`${option} ${text} is no size`, 'write "64MiB" or "10GB"');
}
