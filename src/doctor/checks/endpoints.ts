import { inspectBlock, listBlocks, loadBlock } from "../../defaults/blocks.ts";
import { resolveReferences } from "../../kernel/configuration.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Check, CheckContext } from "../check.ts";
import { fail, failure, type Found, pass, warn } from "../finding.ts";
import { type Address, addressOf, whyUnreachable } from "../reach.ts";

/** What addresses lead to: a URL that nobody reads, and servers where nobody listens. */
export const endpoints: Check = {
  name: "endpoints",
  timeoutMs: 60_000,
  async *run(context) {
    yield* apiUrl(context);
    yield* database(context);
    yield* blocks(context);
  },
};

async function* apiUrl({ machine, clock }: CheckContext): AsyncGenerator<Found> {
  const url = machine.env["OXBOW_API_URL"];
  if (url === undefined || url === "") return;
  const address = addressOf(url);
  const why = address === undefined ? "it is no URL of a server" : await whyUnreachable(address, clock);
  const there = why === undefined ? "somebody listens there" : `nobody is reached there (${why})`;
  yield warn(
    "OXBOW_API_URL",
    `It is set, and this release has no server: it is not read, results and runs go to the home and to database.url; ${there}`,
    "remove it; to share results and runs among machines, set results.defaultStorageBlock and database.url",
  );
}

async function* database({ settings, clock }: CheckContext): AsyncGenerator<Found> {
  const { url } = settings.database;
  const address = url === undefined || !settings.history.enabled ? undefined : addressOf(url);
  if (address !== undefined) yield await reach("database.url", address, clock, true);
}

async function* blocks({ settings, clock }: CheckContext): AsyncGenerator<Found> {
  for (const { reference } of await listBlocks()) {
    const isUsed = reference === settings.results.defaultStorageBlock;
    let address: Address | undefined;
    try {
      address = await addressOfBlock(reference);
    } catch (error) {
      yield isUsed ? failure(reference, error) : warn(reference, messageOf(error), "repair the block, or delete it");
      continue;
    }
    if (address !== undefined) yield await reach(reference, address, clock, isUsed);
  }
}

/** Where a block leads: an endpoint among its options, or its location where that is of a server. */
async function addressOfBlock(reference: string): Promise<Address | undefined> {
  const { args } = await inspectBlock(reference);
  const endpoint = endpointIn(args[0]);
  if (endpoint !== undefined) return addressOf(resolveReferences(endpoint, reference));
  const resource = await loadBlock(reference);
  const address = addressOf(resource.location);
  await Promise.resolve(resource.close()).catch(() => undefined);
  return address;
}

/** Of the options of s3Storage(), azureStorage() and gcsStorage(). */
function endpointIn(options: unknown): string | undefined {
  if (typeof options !== "object" || options === null) return undefined;
  const { endpoint, apiEndpoint } = options as { readonly endpoint?: unknown; readonly apiEndpoint?: unknown };
  return [endpoint, apiEndpoint].find((each) => typeof each === "string");
}

async function reach(subject: string, address: Address, clock: CheckContext["clock"], isUsed: boolean): Promise<Found> {
  const place = `${address.host}:${address.port}`;
  const why = await whyUnreachable(address, clock);
  if (why === undefined) return pass(subject, `${place} can be reached`);
  const say = isUsed ? fail : warn;
  return say(
    subject,
    `Nobody is reached at ${place} (${why})`,
    "start the server, or correct the address; look at firewalls and names",
  );
}
