import { flowRunName } from "../kernel/ids.ts";
import type { StateRow } from "../history/run-store.ts";
import type { FlowDefinition } from "./definition.ts";
import type { Planner } from "./planner.ts";
import { Run } from "./run.ts";
import type { Surroundings } from "./services.ts";
import type { RecentRecord } from "../storage/storage.ts";
import type { Waiter } from "../transactions/deadlock.ts";
import { Tally } from "./summary.ts";
import type { TaskPool } from "./task-runner.ts";

/** An earlier execution of the same run, which is gone on with. */
export interface Resumption {
  readonly id: string;
  /** The states that it has been through. */
  readonly states: readonly StateRow[];
  /** The run around it. */
  readonly parentId?: string | undefined;
  /** The key under which its parameters are kept. */
  readonly parametersKey?: string | undefined;
  /** The names of tasks that compute again, whatever is stored. */
  readonly afresh: ReadonlySet<string>;
}

/** What a flow run may be beside an ordinary one. */
export interface FlowRunOptions {
  readonly resumption?: Resumption;
  /** It is only planned. */
  readonly planner?: Planner;
}

/** One execution of a flow. It is the scope of the code inside it. */
export class FlowRun extends Run {
  readonly flow: FlowDefinition;
  /** The flow run around this one. */
  readonly parent: FlowRun | undefined;
  /** The innermost run around this one, a flow's or a task's. */
  readonly around: Run | undefined;
  readonly taskRun = undefined;
  /** What the task runs inside did, those of flows inside included. */
  readonly tally: Tally = new Tally();
  /** What tasks stored before this run, by storage and task: what their misses are explained by. */
  readonly recent: Map<string, readonly RecentRecord[]> = new Map();
  /** Warnings that were given; each is given once in a flow run. */
  readonly warned: Set<string> = new Set();

  readonly #triggers = new Map<string, number>();
  #pauses = 0;
  /** How many pauses wait for an answer. */
  openPauses = 0;
  /** Where it is only planned, with the flows around it. */
  readonly planner: Planner | undefined;
  /** What it goes on with, where it began earlier. */
  readonly resumption: Resumption | undefined;

  constructor(
    flow: FlowDefinition,
    args: readonly unknown[],
    scope: Surroundings & { readonly flowRun: FlowRun | undefined; readonly taskRun: Run | undefined },
    { resumption, planner }: FlowRunOptions = {},
  ) {
    super(flow, args, scope, resumption?.id);
    this.resumption = resumption;
    this.keptInputs = resumption?.parametersKey;
    this.planner = planner ?? scope.flowRun?.planner;
    this.flow = flow;
    this.parent = scope.flowRun;
    this.around = scope.taskRun ?? scope.flowRun;
  }

  /** A flow that a hook runs hands on that it is one. */
  override get hookOf(): Waiter | undefined {
    return this.node ? undefined : this.outer.hookOf;
  }

  /** Which of equal calls of tasks of manual trigger this is: 1 for the first. */
  nextTrigger(call: string): number {
    const count = (this.#triggers.get(call) ?? 0) + 1;
    this.#triggers.set(call, count);
    return count;
  }

  /** Each attempt asks the same questions in the same order. */
  override nextAttempt(): void {
    super.nextAttempt();
    this.#triggers.clear();
    this.#pauses = 0;
  }

  /** The flow run around all others: questions are asked in its name. */
  get outermost(): FlowRun {
    return this.parent?.outermost ?? this;
  }

  /** The name of a pause that was given none: that of its place in the order. */
  nextPause(): string {
    return `pause:${++this.#pauses}`;
  }

  get flowRun(): FlowRun {
    return this;
  }

  get name(): string {
    return flowRunName(this.id);
  }

  protected get place(): readonly [string, undefined] {
    return [this.id, undefined];
  }

  get label(): string {
    return `Flow run '${this.name}'`;
  }

  /** What the flow was called with, by parameter name. */
  get parameters(): Record<string, unknown> {
    return this.inputs;
  }

  protected override openPool(): TaskPool {
    const runner = this.flow.taskRunner ?? this.services.taskRunner;
    // What is planned may wait for ever: it takes nobody's place.
    if (this.planner) return this.services.taskRunner.open(100_000);
    return runner.open(this.settings.tasks.concurrency);
  }
}
