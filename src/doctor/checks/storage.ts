import { probeRecord, sameBytes } from "../probe-record.ts";
import type { Check, CheckContext } from "../check.ts";
import { fail, failure, type Found, pass, warn } from "../finding.ts";
import type { PutOptions, Storage, StorageCapabilities } from "../../storage/storage.ts";

/** Storages do what they say: a record goes in, comes out the same, is listed and removed; of several writers one wins. */
export const storage: Check = {
  name: "storage",
  timeoutMs: 60_000,
  async *run(context) {
    for (const each of await context.storages()) {
      if (each.storage === undefined) yield failure(each.name, each.error);
      else yield* examineStorage(context, each.name, each.storage);
    }
  },
};

const writers = 4;

async function* examineStorage(context: CheckContext, name: string, storage: Storage): AsyncGenerator<Found> {
  const keys: string[] = [];
  let isReached = false;
  const newRecord = (): ReturnType<typeof probeRecord> => {
    const record = probeRecord(context.clock.now());
    keys.push(record.metadata.key);
    return record;
  };
  try {
    const first = newRecord();
    // Nothing can be there of what was refused; a server that does not answer is not asked again.
    isReached = await storage.put(first.metadata, [first.bytes]);
    const wrong = isReached ? await roundTrip(storage, first) : "A record was not written, and nothing said so";
    if (wrong !== undefined) {
      context.giveUp(storage);
      yield fail(name, wrong, "do not use this storage: it does not keep what it is given");
      return;
    }
    yield pass(name, "a record went in, came out the same, and was removed");
    yield await twoWriters(storage, name, newRecord);
    yield capabilities(name, storage.capabilities);
  } catch (error) {
    context.giveUp(storage);
    yield failure(name, error);
  } finally {
    if (isReached) for (const key of keys) await removeQuietly(storage, key);
  }
}

/** What becomes of a record that was written. @returns what is wrong, in words */
async function roundTrip(
  storage: Storage,
  { metadata, bytes }: ReturnType<typeof probeRecord>,
): Promise<string | undefined> {
  const { key } = metadata;
  const found = await storage.get(key);
  if (found === undefined) return "A record that was written is not there";
  if (found.metadata.key !== key || found.metadata.sha256 !== metadata.sha256)
    return "A record came back with other metadata";
  if (!sameBytes(await found.bytes(), bytes)) return "A record came back with other bytes";
  if (storage.capabilities.list && !(await isListed(storage, key))) return "A record that is there is not listed";
  if (!(await storage.delete(key))) return "A record that was there could not be removed, and nothing said so";
  return (await storage.get(key)) === undefined ? undefined : "A record that was removed is still there";
}

async function isListed(storage: Storage, key: string): Promise<boolean> {
  for await (const metadata of storage.list({ prefix: key })) if (metadata.key === key) return true;
  return false;
}

async function twoWriters(
  storage: Storage,
  name: string,
  newRecord: () => ReturnType<typeof probeRecord>,
): Promise<Found> {
  const subject = `${name}, several writers`;
  if (!storage.capabilities.putIfAbsent)
    return warn(
      subject,
      "The medium does not decide between several writers: of two the last one wins",
      "for results that must be computed once, use isolation SERIALIZABLE with a lock manager",
    );
  const { metadata, bytes } = newRecord();
  const options: PutOptions = { ifAbsent: true };
  const wins = await Promise.all(Array.from({ length: writers }, async () => storage.put(metadata, [bytes], options)));
  const won = wins.filter(Boolean).length;
  if (won !== 1)
    return fail(
      subject,
      `It says that of several writers exactly one wins, and of ${writers} there won ${won}`,
      "report it to who made the storage; with isolation SERIALIZABLE a lock manager decides instead",
    );
  return pass(subject, `of ${writers} exactly one won`);
}

function capabilities(name: string, all: StorageCapabilities): Found {
  const entries = Object.entries(all);
  const has = entries.flatMap(([each, value]) => (value ? [each] : []));
  const lacks = entries.flatMap(([each, value]) => (value ? [] : [each]));
  return pass(
    `${name}, capabilities`,
    `${has.join(", ") || "none"}${lacks.length === 0 ? "" : `; not ${lacks.join(", ")}`}`,
  );
}

async function removeQuietly(storage: Storage, key: string): Promise<void> {
  try {
    await storage.delete(key);
  } catch {
    // It has an expiry.
  }
}
