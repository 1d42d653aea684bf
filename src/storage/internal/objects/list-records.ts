import { RecordError } from "../../../kernel/errors.ts";
import { inOrder } from "../in-order.ts";
import type { ObjectMedium } from "../object-medium.ts";
import { compareUtf8 } from "../utf8-order.ts";
import type { ListOptions, RecordMetadata } from "../../storage.ts";
import { goodBeginning, hashedPrefix, keyOfRecordName, recordName, recordPrefix } from "./names.ts";
import { readMetadata } from "./read-record.ts";

/*
 * DESIGN: the list of the records of an object store.
 *
 * What it does: the names of most records are their keys, in the order of the list already; their metadata are read as the reader
 * comes to them, a few in advance. Those with other keys are merged in: all of their headers have to be read before
 * the first one can be given, and are in memory.
 * What it promises: what is no record, is damaged, or has gone is passed over; a medium that fails is an error.
 * What the caller must do: know that each record costs a request.
 */

const requestsAtOnce = 8;

/** The metadata of all records, in the order of their keys. */
export async function* listRecords(medium: ObjectMedium, options: ListOptions): AsyncGenerator<RecordMetadata, void> {
  const hashed = await hashedRecords(medium, options);
  let next = 0;
  for await (const metadata of namedRecords(medium, options)) {
    while (next < hashed.length && compareUtf8(hashed[next]!.key, metadata.key) < 0) yield hashed[next++]!;
    yield metadata;
  }
  while (next < hashed.length) yield hashed[next++]!;
}

async function* namedRecords(medium: ObjectMedium, options: ListOptions): AsyncGenerator<RecordMetadata, void> {
  const metadata = inOrder(keysByName(medium, options), requestsAtOnce, (key) =>
    usableMetadata(medium, recordName(key), key, options.onDamaged),
  );
  for await (const each of metadata) if (each !== undefined) yield each;
}

async function* keysByName(medium: ObjectMedium, options: ListOptions): AsyncGenerator<string, void> {
  const { prefix = "", after } = options;
  if (goodBeginning(prefix) !== prefix) return;
  // A key may come after `after` only if its name comes after as much of it as a name can have.
  const from = after === undefined || after === "" ? undefined : recordPrefix + goodBeginning(after);
  for await (const name of medium.list(recordPrefix + prefix, from)) {
    const key = keyOfRecordName(name);
    if (key !== undefined && isWanted(key, options)) yield key;
  }
}

async function hashedRecords(medium: ObjectMedium, options: ListOptions): Promise<readonly RecordMetadata[]> {
  const found: RecordMetadata[] = [];
  const read = async (name: string) => {
    const metadata = await usableMetadata(medium, name, undefined);
    return metadata !== undefined && recordName(metadata.key) === name ? metadata : undefined;
  };
  for await (const metadata of inOrder(medium.list(hashedPrefix), requestsAtOnce, read))
    if (metadata !== undefined && isWanted(metadata.key, options)) found.push(metadata);
  return found.sort((left, right) => compareUtf8(left.key, right.key));
}

function isWanted(key: string, { prefix = "", after }: ListOptions): boolean {
  return key.startsWith(prefix) && (after === undefined || compareUtf8(key, after) > 0);
}

async function usableMetadata(
  medium: ObjectMedium,
  name: string,
  key: string | undefined,
  onDamaged?: ListOptions["onDamaged"],
): Promise<RecordMetadata | undefined> {
  try {
    return await readMetadata(medium, name, key);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    if (key !== undefined) onDamaged?.(key, error);
    return undefined;
  }
}
