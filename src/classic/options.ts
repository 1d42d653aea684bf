import type { TaskOptions, Template } from "../authoring/options.ts";
import type { Duration } from "../kernel/duration.ts";
import type { Storage } from "../storage/storage.ts";
import type { Result } from "./results.ts";
import type { CacheValidator } from "./validators.ts";

/** The options of a task by their older names, beside all that a task has. A pair that says one thing twice is an error. */
export interface ClassicTaskOptions extends TaskOptions {
  /** How long a result is used, counted from its computation. Without it a result is stored and never used. @default none */
  readonly cacheFor?: Duration;
  /** Which of the stored results a call may use. @default durationOnly, where there is `cacheFor` */
  readonly cacheValidator?: CacheValidator;
  /** What results are stored under: tasks and flows that have it in common share them. @default the name of the task */
  readonly cacheKey?: string;
  /** Whether each successful run stores its result: `persistResult`. @default implied by `cacheFor`, `target` and `result`, else settings */
  readonly checkpoint?: boolean;
  /** Where results go: `LocalResult({ dir })`, `S3Result({ bucket })`, …, or all that `resultStorage` takes. @default the flow's, else settings */
  readonly result?: Result | Storage | string;
  /** How many attempts may follow the first: `retries`. @default the setting `tasks.defaultRetries`: 0 */
  readonly maxRetries?: number;
  /**
   * The path of a plain file that holds the result; one that is there means that the work is done. A template, or a function. It knows
   * `{task_name}`, `{flow_name}`, `{task_run_id}`, `{flow_run_id}`, `{today}`, `{today_nodash}`, `{date:%Y-%m-%d}` and the like, and all that
   * the `target` of `oxbow` knows. It lies in the `result`, else in the working directory. @default none
   */
  readonly target?: Template;
}
