/*
 * DESIGN. A check is code that meets broken things: it may throw, hang, or say nothing for long. It is given a time, counted by the clock
 * of the examination; what is found until then counts. One that is late is told by its signal, and not waited for.
 */
import type { Clock } from "../kernel/clock.ts";
import type { Check, CheckContext } from "./check.ts";
import { fail, failure, type Finding, type Found, withoutCredentials } from "./finding.ts";

const defaultTimeoutMs = 20_000;

/** What a check finds. Never throws. */
export async function* runCheck(
  check: Check,
  contextFor: (signal: AbortSignal) => CheckContext,
  clock: Clock,
): AsyncGenerator<Finding, void> {
  const { name, timeoutMs = defaultTimeoutMs } = check;
  const controller = new AbortController();
  const late = Symbol("late");
  let cancel = (): void => undefined;
  const timeIsOver = new Promise<typeof late>((resolve) => {
    cancel = clock.schedule(timeoutMs, () => resolve(late));
  });
  let iterator: AsyncIterator<Found> | undefined;
  try {
    const found = each(check, contextFor(controller.signal));
    iterator = found;
    for (;;) {
      const next = found.next();
      next.catch(() => undefined);
      const step = await Promise.race([next, timeIsOver]);
      if (step === late) {
        yield named(
          name,
          fail(name, `It did not end within ${timeoutMs / 1000} s`, "what it looks at does not answer"),
        );
        return;
      }
      if (step.done) return;
      yield named(name, step.value);
    }
  } catch (error) {
    yield named(name, failure(name, error));
  } finally {
    cancel();
    controller.abort(new Error(`The check ${name} has ended`));
    // It may hang in there: nobody waits for that.
    void Promise.resolve(iterator?.return?.()).catch(() => undefined);
  }
}

async function* each(check: Check, context: CheckContext): AsyncGenerator<Found, void> {
  const found = check.run(context);
  yield* Symbol.asyncIterator in found ? found : await found;
}

function named(check: string, { subject, status, message, remedy }: Found): Finding {
  const shown = { check, subject: withoutCredentials(subject), status, message: withoutCredentials(message) };
  return remedy === undefined ? shown : { ...shown, remedy: withoutCredentials(remedy) };
}
