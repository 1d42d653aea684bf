import { isPromise } from "../../kernel/awaitable.ts";
import { diskFailure } from "../../io/disk-failure.ts";

/** Work on files whose errors name the path. @param action as in "Cannot <action> <path>" */
export function guarded<T>(action: string, path: string, work: () => T): T {
  try {
    const result = work();
    if (!isPromise(result)) return result;
    return result.catch((error: unknown) => Promise.reject(diskFailure(action, path, error))) as T;
  } catch (error) {
    throw diskFailure(action, path, error);
  }
}
