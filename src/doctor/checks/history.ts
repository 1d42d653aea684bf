import { existsSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import type { RunStore } from "../../history/run-store.ts";
import type { Check, CheckContext } from "../check.ts";
import { failure, type Found, pass, warn } from "../finding.ts";
import { writeAndRead } from "../write-probe.ts";
import { placeOfHome } from "./folders.ts";
import { fileSystemOf, isWithin, nearestExisting, placeKind } from "../mounts.ts";

/** The run history can be reached, is of this release, and can be written; and it stays where it is. */
export const history: Check = {
  name: "history",
  timeoutMs: 30_000,
  async *run(context) {
    const { settings } = context;
    if (!settings.history.enabled) {
      const source = context.sourceOf("history.enabled");
      yield warn(
        "history.enabled",
        `It is off in ${source}: no run is written down`,
        "set it to true to see runs afterwards",
      );
      return;
    }
    const name = settings.database.url === undefined ? "the database in the home" : "database.url";
    let store: RunStore;
    try {
      store = (await context.history())!;
      const { schema, flowRuns, taskRuns } = await store.check();
      // Where there is no database yet, the first run will make it.
      if (isFile(store) && !existsSync(store.location)) writeAndRead(dirname(store.location));
      yield pass(
        `${store.kind} ${store.location}`,
        `can be written; version ${schema} of the tables, ${flowRuns} flow runs, ${taskRuns} task runs`,
      );
    } catch (error) {
      yield failure(name, error, "set database.url to a database that can be written");
      return;
    }
    yield* place(context, store);
  },
};

function isFile({ kind, location }: RunStore): boolean {
  return kind === "sqlite" && isAbsolute(location);
}

function* place({ machine, settings, told }: CheckContext, store: RunStore): Generator<Found> {
  if (!isFile(store) || (told.has(placeOfHome) && isWithin(store.location, settings.home))) return;
  const { kind, location } = store;
  const existing = nearestExisting(location);
  const mounts = machine.mounts();
  const type = mounts === undefined ? undefined : fileSystemOf(existing, mounts);
  const where = type === undefined ? "local" : placeKind(type);
  const subject = `${kind} ${location}`;
  if (where === "network")
    yield warn(
      subject,
      `It is on a network file system (${type}), where SQLite's write-ahead log does not work among machines`,
      "use a local disk, or set database.url to a PostgreSQL",
    );
  else if (where !== "local" || machine.temporaryFolders.some((folder) => isWithin(existing, nearestExisting(folder))))
    yield warn(
      subject,
      `It is in a place that is emptied${type === undefined || where === "local" ? "" : ` (${type})`}: the runs do not survive a restart`,
      "set OXBOW_HOME or database.url to a place that stays; in a container, to a volume",
    );
}
