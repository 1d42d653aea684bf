import { statSync } from "node:fs";
import { quiet } from "../../io/disk-failure.ts";
import { formatBytes } from "../../kernel/format-bytes.ts";
import type { Check, CheckContext } from "../check.ts";
import { fail, failure, type Found, pass, warn } from "../finding.ts";
import { writeAndRead } from "../write-probe.ts";
import { fileSystemOf, isWithin, nearestExisting, placeKind } from "../mounts.ts";

const least = 50 * 2 ** 20;
const comfortable = 2 ** 30;

/** That something was told of where the home is: what is in there has no fault of its own. */
export const placeOfHome = "the place of the home";

/** The folders of this machine that the settings name. */
export const folders: Check = {
  name: "folders",
  async *run(context) {
    const { home, results } = context.settings;
    yield* look(context, "home", home, false);
    // The run history is a SQLite database in the home; the default storage one in its folder.
    if (results.defaultStorageBlock === undefined)
      yield* look(context, "results.storagePath", results.storagePath, true);
  },
};

async function* look(
  context: CheckContext,
  setting: string,
  folder: string,
  holdsResults: boolean,
): AsyncGenerator<Found> {
  const subject = `${setting} ${folder}`;
  try {
    writeAndRead(folder);
  } catch (error) {
    yield failure(subject, error);
    return;
  }
  yield pass(subject, "can be written and read");
  yield* permissions(context, subject, folder);
  yield await freeSpace(context, subject, folder);
  yield* place(context, subject, folder, holdsResults);
}

function* permissions({ machine }: CheckContext, subject: string, folder: string): Generator<Found> {
  const stats = machine.platform === "win32" ? undefined : statSync(folder, quiet);
  if (stats === undefined || (stats.mode & 0o002) === 0) return;
  yield warn(subject, "Everybody on this machine may write there, and so change results", `chmod o-w ${folder}`);
}

async function freeSpace({ machine }: CheckContext, subject: string, folder: string): Promise<Found> {
  const free = await machine.freeBytes(nearestExisting(folder));
  const text = `${formatBytes(free)} are free`;
  const remedy = "free some space, or move it to a larger disk: OXBOW_HOME, OXBOW_RESULTS_STORAGE_PATH";
  if (free < least) return fail(subject, `Only ${text}: results cannot be stored for long`, remedy);
  return free < comfortable ? warn(subject, `Only ${text}`, remedy) : pass(subject, text);
}

function* place(context: CheckContext, subject: string, folder: string, holdsResults: boolean): Generator<Found> {
  const { home } = context.settings;
  if (holdsResults && isWithin(folder, home) && context.told.has(placeOfHome)) {
    yield pass(subject, "it is in the home, of which all has been said");
    return;
  }
  for (const found of placesOf(context, subject, folder, holdsResults ? "results" : contentsOf(context))) {
    if (!holdsResults && found.status !== "pass") context.told.add(placeOfHome);
    yield found;
  }
}

/** What is in the home. */
function contentsOf({ settings: { home, results, history, database } }: CheckContext): string {
  const all = ["profiles"];
  if (results.defaultStorageBlock === undefined && isWithin(results.storagePath, home)) all.push("results");
  if (history.enabled && database.url === undefined) all.push("the run history");
  return all.length === 1 ? all[0]! : `${all.slice(0, -1).join(", ")} and ${all.at(-1)!}`;
}

function* placesOf({ machine }: CheckContext, subject: string, folder: string, what: string): Generator<Found> {
  const existing = nearestExisting(folder);
  const mounts = machine.mounts();
  const type = mounts === undefined ? undefined : fileSystemOf(existing, mounts);
  const elsewhere = "set OXBOW_HOME to a folder on a disk that stays; in a container, to a volume";
  switch (type === undefined ? "local" : placeKind(type)) {
    case "network":
      yield warn(
        subject,
        `It is on a network file system (${type}), where SQLite's write-ahead log does not work among machines: ${what} are there`,
        "use a local folder; for several machines fileStorage(), postgresStorage() or s3Storage(), and database.url",
      );
      return;
    case "memory":
      yield warn(subject, `It is in memory (${type}): ${what} do not survive a restart of the machine`, elsewhere);
      return;
    case "container":
      yield warn(subject, `It is in the layer of a container (${type}): ${what} go with the container`, elsewhere);
      return;
    case "local":
  }
  if (machine.temporaryFolders.some((temporary) => isWithin(existing, nearestExisting(temporary))))
    yield warn(
      subject,
      `It is in a folder for temporary files: ${what} do not survive its cleaning, or a restart`,
      elsewhere,
    );
  else yield pass(subject, type === undefined ? "it is on this machine" : `it is on a disk (${type})`);
}
