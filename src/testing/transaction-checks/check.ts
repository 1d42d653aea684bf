import assert from "node:assert/strict";
import { withSettings } from "../../authoring/with-settings.ts";
import type { Awaitable } from "../../kernel/awaitable.ts";
import { LockError, TransactionCommitError } from "../../kernel/errors.ts";
import { memorySink } from "../../logging/memory-sink.ts";
import { limited } from "../lock-checks/check.ts";
import { withLogSink } from "../scopes.ts";
import { Scene, type TransactionParts } from "./scene.ts";

/** An empty place for records and locks, and what is judged there. */
export interface TransactionPlace extends TransactionParts {
  /** Storages and a lock manager of the same place, as another process would have them. */
  readonly another?: (() => Awaitable<TransactionParts>) | undefined;
  /** Removes the place; everything of it has been closed by then. */
  readonly dispose?: (() => Awaitable<void>) | undefined;
}

/** Makes a new, empty place: once per check. */
export type OpenTransactionPlace = () => Awaitable<TransactionPlace>;

/** One promise of transactions, and how to find out whether it is kept in a place. */
export interface TransactionCheck {
  /** A sentence. */
  readonly title: string;
  /** Whether {@link TransactionPlace.another} is needed. */
  readonly needsAnother: boolean;
  /** Throws where the promise is not kept. */
  run(open: OpenTransactionPlace): Promise<void>;
}

/** Makes a check that looks at a place from one side. */
export function check(title: string, body: (scene: Scene) => Promise<void>): TransactionCheck {
  return { title, needsAnother: false, run: (open) => inPlace(open, (place) => body(new Scene(place))) };
}

/** Makes a check that looks at a place from two sides, as two processes do. */
export function checkTwo(title: string, body: (scene: Scene, other: Scene) => Promise<void>): TransactionCheck {
  return {
    title,
    needsAnother: true,
    run: (open) =>
      inPlace(open, async (place) => {
        assert.ok(place.another, "The place has no `another()`: add it, or skip the check and say why");
        const other = await place.another();
        try {
          await body(new Scene(place), new Scene(other));
        } finally {
          await close(other);
        }
      }),
  };
}

async function inPlace(open: OpenTransactionPlace, body: (place: TransactionPlace) => Promise<void>): Promise<void> {
  const place = await open();
  try {
    await limited(quietly(() => body(place)));
  } finally {
    await close(place);
    await place.dispose?.();
  }
}

/** With the settings that checks need, whatever those of the machine are, and with a log that nobody reads. */
function quietly(body: () => Promise<void>): Promise<void> {
  const tasks = { disableCaching: false, defaultNoCache: false, refreshCache: false, defaultRetries: 0 };
  return withSettings({ tasks, caching: { strict: false } }, () => withLogSink(memorySink(), body));
}

async function close({ storage, keyStorage, lockManager }: TransactionParts): Promise<void> {
  await lockManager.close();
  await keyStorage?.close();
  await storage.close();
}

/** What something is rejected with; fails where it is not. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: "It ends well" });
}

/** Fails unless a transaction says that it could not be committed. @returns what went wrong */
export async function commitErrors(work: Promise<unknown>): Promise<readonly unknown[]> {
  const error = await rejection(work);
  assert.ok(error instanceof TransactionCommitError, `${String(error)} is a TransactionCommitError`);
  return error.errors;
}

/** Fails unless an error is one of locks, with this code. */
export function expectLockError(error: unknown, code: LockError["code"]): void {
  assert.ok(error instanceof LockError && error.code === code, `${String(error)} is a LockError ${code}`);
}
