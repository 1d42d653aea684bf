/* What runs, tasks and flows show of themselves to the code of users: hooks, key functions, `getRunContext()`. */
import type { State } from "../states/state.ts";

/** What a task or a flow shows of itself. */
export interface SubjectView {
  /** The name that it was given. */
  readonly name: string;
  readonly version: string | undefined;
  readonly description: string | undefined;
  readonly tags: readonly string[];
}

/** What a run shows of itself. */
export interface RunView {
  readonly id: string;
  /** `add-one-d85`, `outgoing-cicada`. */
  readonly name: string;
  /** All states so far, in order. */
  readonly states: readonly State[];
  readonly state: State | undefined;
  /** Which attempt is running: 1 for the first. */
  readonly attempt: number;
}

export interface TaskRunView extends RunView {
  readonly task: SubjectView;
  /** The arguments by parameter name. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The ids of the runs that had to complete first. */
  readonly upstream: readonly string[];
}

export interface FlowRunView extends RunView {
  readonly flow: SubjectView;
  /** What the flow was called with, by parameter name. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What surrounds the code that asks: the task run and the flow run that it belongs to. */
export interface RunContext {
  /** The innermost task run; `undefined` in a flow outside its tasks. */
  readonly taskRun: TaskRunView | undefined;
  /** The innermost flow run; `undefined` in a task that was called outside a flow. */
  readonly flowRun: FlowRunView | undefined;
  /** Which attempt of the innermost run this is: 1 for the first. */
  readonly attempt: number;
  /** Aborted when the innermost run is cancelled or takes longer than its `timeout`. Hand it on to `fetch` and the like. */
  readonly signal: AbortSignal;
}
