import { formatMs } from "../../kernel/duration.ts";

/** What is done when the time limit has passed. */
export interface Late {
  /** Called at that moment: the error to give. */
  readonly overdue: () => Error;
  /** Called with an answer that comes after it. */
  readonly whenLate?: ((reply: unknown) => void) | undefined;
}

/** The answer to a command, or an error after `timeoutMs`. */
export function bounded<T>(answer: Promise<T>, timeoutMs: number, { overdue, whenLate }: Late): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      reject(overdue());
    }, timeoutMs);
    answer.then(
      (reply) => {
        clearTimeout(timer);
        if (over) whenLate?.(reply);
        else resolve(reply);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** Why there is no answer, where nothing more is known. */
export function unanswered(location: string, timeoutMs: number): Error {
  return new Error(`${location} has not answered within ${formatMs(timeoutMs)}`);
}
