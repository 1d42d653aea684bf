import type { Command } from "commander";
import type { AcceptOptions } from "../cache/accepting.ts";
import type { ShowOptions } from "../cache/explaining.ts";
import type { PlaceOptions } from "../cache/place.ts";
import type { CollectOptions, RemoveOptions } from "../cache/removing.ts";
import type { ListOptions } from "../cache/listing.ts";
import type { PullOptions, VerifyOptions } from "../cache/checking.ts";
import { type RecordFilterOptions, withPlaceOptions, withRecordFilters } from "../cache/filters.ts";
import { type Cli, examples } from "../cli.ts";

/** `oxbow cache …` */
export function addCache(cli: Cli): void {
  const group = cli.program.command("cache").description("Look after stored results");
  addListing(group, cli);
  addExplaining(group, cli);
  addRemoving(group, cli);
  addChecking(group, cli);
  addAccepting(group, cli);
}

const listing = (): Promise<typeof import("../cache/listing.ts")> => import("../cache/listing.ts");
const explaining = (): Promise<typeof import("../cache/explaining.ts")> => import("../cache/explaining.ts");
const accepting = (): Promise<typeof import("../cache/accepting.ts")> => import("../cache/accepting.ts");
const removing = (): Promise<typeof import("../cache/removing.ts")> => import("../cache/removing.ts");
const checking = (): Promise<typeof import("../cache/checking.ts")> => import("../cache/checking.ts");

function addListing(group: Command, { terminal, end }: Cli): void {
  withRecordFilters(group.command("ls").description("List records"))
    .option("--limit <number>", "so many at most", "100")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      examples(
        "oxbow cache ls --task clean",
        "oxbow cache ls --storage block:s3/results --older-than '30 days' --json",
      ),
    )
    .action((options: ListOptions) => end(listing().then((it) => it.listRecords(options, terminal))));
  withRecordFilters(
    group.command("stats").description("Count records and their bytes, hits, misses and the time saved"),
  )
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow cache stats", "oxbow cache stats --task clean --json"))
    .action((options: RecordFilterOptions & { readonly json?: true }) =>
      end(listing().then((it) => it.showStats(options, terminal))),
    );
}

function addRemoving(group: Command, { terminal, end }: Cli): void {
  withRecordFilters(group.command("rm").description("Remove records, by their keys or by filters"))
    .argument("[key...]", "keys, or beginnings of which there is only one")
    .option("--all", "every record")
    .option("--dry-run", "only say what would be removed")
    .option("-y, --yes", "do not ask")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      examples(
        "oxbow cache rm 232429fe83e7",
        "oxbow cache rm --task clean --older-than '30 days' --dry-run",
        "oxbow cache rm --expired --yes",
      ),
    )
    .action((keys: string[], options: RemoveOptions) =>
      end(removing().then((it) => it.removeRecords(keys, options, terminal))),
    );
  withPlaceOptions(
    group
      .command("gc")
      .description("Remove what is of no use: expired, damaged, forgotten, and what exceeds the limits"),
  )
    .option(
      "--max-age <duration>",
      "remove what was not used for so long; the setting cache.maxAge where it is not said",
    )
    .option(
      "--max-size <size>",
      "remove the least recently used beyond this; the setting cache.maxSize where it is not said",
    )
    .option("--dry-run", "only say what would be removed")
    .option("-y, --yes", "do not ask")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      examples("oxbow cache gc --dry-run", "oxbow cache gc --max-age '30 days' --max-size 5GiB --yes"),
    )
    .action((options: CollectOptions) => end(removing().then((it) => it.collectGarbage(options, terminal))));
}

function addChecking(group: Command, { terminal, end }: Cli): void {
  withRecordFilters(group.command("verify").description("Read every record to its end and compare its checksum"))
    .option("--repair", "remove those that are damaged")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow cache verify", "oxbow cache verify --storage block:s3/results --repair"))
    .action((options: VerifyOptions) => end(checking().then((it) => it.verifyRecords(options, terminal))));
  withRecordFilters(group.command("pull").description("Copy records from another storage into this one"))
    .requiredOption("--from <block>", "where they are: a folder or a block")
    .option("--dry-run", "only say what would be copied")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow cache pull --from block:s3/results --task clean"))
    .action((options: PullOptions) => end(checking().then((it) => it.pullRecords(options, terminal))));
}

function addExplaining(group: Command, { terminal, end }: Cli): void {
  withPlaceOptions(
    group.command("show").description("Show all that is known of a record, and the beginning of its value"),
  )
    .argument("<key>", "its key, or the beginning of it")
    .option("--length <number>", "so many letters of the value", "2000")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow cache show 232429fe83e7"))
    .action((key: string, options: ShowOptions) =>
      end(explaining().then((it) => it.showRecord(key, options, terminal))),
    );
  withPlaceOptions(group.command("why").description("Say why something was computed, and not taken from the cache"))
    .argument("<task>", "a task, a task run, or a key")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow cache why clean", "oxbow cache why clean-d85"))
    .action((what: string, options: JsonOption) => end(explaining().then((it) => it.explain(what, options, terminal))));
  withPlaceOptions(group.command("diff").description("Show what tells the keys of two records apart"))
    .argument("<key>", "the key of one, or the beginning of it")
    .argument("<other>", "the key of the other")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow cache diff 232429fe 7f01cc4e"))
    .action((left: string, right: string, options: JsonOption) =>
      end(explaining().then((it) => it.compare(left, right, options, terminal))),
    );
}

function addAccepting(group: Command, { terminal, end }: Cli): void {
  group
    .command("accept")
    .description("Say that a change of a task does not change its results: what it stored before counts again")
    .argument("<task>")
    .argument("[file]", "the file that exports the task; the history knows it, unless it has moved")
    .option(
      "--was <digest>",
      "the earlier source, as records have its digest; the newest other one where it is not said",
    )
    .option("--renamed-from <task>", "what the task was called then")
    .option("--latest", "import nothing: the source that ran last is the one that it has now")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      examples("oxbow cache accept clean etl.ts", "oxbow cache accept clean-all etl.ts --renamed-from clean"),
    )
    .action((task: string, file: string | undefined, options: AcceptOptions) =>
      end(accepting().then((it) => it.acceptChange(task, file, options, terminal))),
    );
  group
    .command("accepted")
    .description("List the changes that are accepted")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow cache accepted"))
    .action((options: { readonly json?: true }) => end(accepting().then((it) => it.listAccepted(options, terminal))));
  group
    .command("revoke")
    .description("Take back what was accepted of a task")
    .argument("<task>")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow cache revoke clean"))
    .action((task: string, options: { readonly json?: true }) =>
      end(accepting().then((it) => it.revokeChanges(task, options, terminal))),
    );
}

interface JsonOption extends PlaceOptions {
  readonly json?: true;
}
