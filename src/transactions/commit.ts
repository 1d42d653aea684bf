/*
 * DESIGN. The commit of a transaction and of all inside it:
 *
 *   bytes of all records ─▶ locks still held? ─▶ all records published in one step ─▶ commit hooks ─▶ COMMITTED, locks released
 *        └─────────┴─────────────────┴───────────────────────────┴──▶ records taken back, rollback hooks ─▶ ROLLED_BACK
 *
 * What it promises: readers of every process see all of its records or none, also when this process dies half-way (results/publish.ts).
 * Hooks run when the records are durable; one that throws has the records taken back. In that case, and only then, others may have
 * seen them for a moment.
 */
import { isPromise } from "../kernel/awaitable.ts";
import { TransactionCommitError, describeError } from "../kernel/errors.ts";
import type { Lease } from "../locks/lock-manager.ts";
import { publish, PublishError, type Publication, type PublishableRecord } from "../results/publish.ts";
import { runHook } from "./hooks.ts";
import type { Part } from "./part.ts";
import { rollBackPart } from "./rollback.ts";

/** Commits a part and what it holds. @throws {TransactionCommitError} where it could not be; it has been rolled back */
export async function commitPart(part: Part): Promise<void> {
  const parts = [...part.inOrder()].filter((each) => !each.hasEnded);
  const errors: unknown[] = [];
  let publication: Publication | undefined;
  try {
    publication = await publishAll(parts);
    for (const each of parts) for (const hook of each.onCommit) await runHook(each, hook, "commit");
  } catch (error) {
    errors.push(...(error instanceof PublishError ? error.errors : [error]));
    if (publication) errors.push(...(await publication.withdraw()));
  }
  if (errors.length > 0) throw await fail(part, errors);
  for (const each of parts) {
    each.state = "COMMITTED";
    each.unstage();
    each.host.committed?.(await isDurable(each));
  }
  for (const each of parts) await each.releaseLocks();
  if (!part.host.isRun) part.host.logger.info(`${part.host.label} committed ${countOf(publication)}`);
}

function countOf(publication: Publication | undefined): string {
  const count = publication?.metadata.length ?? 0;
  return `${count} ${count === 1 ? "result" : "results"}`;
}

async function publishAll(parts: readonly Part[]): Promise<Publication | undefined> {
  const records: PublishableRecord[] = [];
  for (const { record, fence } of parts) {
    if (record) records.push({ ...(isPromise(record) ? await record : record), fence });
  }
  const leases = parts.flatMap((part) => [...part.leases()]);
  const beforePublishing = (): Promise<void> => confirmAll(leases);
  if (records.length > 0) return publish(records, { beforePublishing });
  await beforePublishing();
  return undefined;
}

/** Confirms that leases still hold, all of them. @throws {LockError} */
async function confirmAll(leases: Iterable<Lease>): Promise<void> {
  for (const lease of leases) {
    const confirmed = lease.confirm();
    if (isPromise(confirmed)) await confirmed;
  }
}

async function isDurable({ record }: Part): Promise<boolean> {
  return record !== undefined && (await record).store.storage.capabilities.persistent;
}

async function fail(part: Part, causes: readonly unknown[]): Promise<TransactionCommitError> {
  const [first] = causes;
  await rollBackPart(part, {
    reason: `it could not be committed: ${describeError(first)}`,
    cause: first,
    spreads: true,
  });
  const errors = [...causes, ...part.errors];
  return new TransactionCommitError(`${part.host.label} could not be committed: ${describeError(first)}`, errors);
}
