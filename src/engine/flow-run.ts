import { flowRunName } from "../kernel/ids.ts";
import type { FlowDefinition } from "./definition.ts";
import { Run } from "./run.ts";
import type { Surroundings } from "./services.ts";
import type { RecentRecord } from "../storage/storage.ts";
import type { Waiter } from "../transactions/deadlock.ts";
import { Tally } from "./summary.ts";
import type { TaskPool } from "./task-runner.ts";

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

  constructor(
    flow: FlowDefinition,
    args: readonly unknown[],
    scope: Surroundings & { readonly flowRun: FlowRun | undefined; readonly taskRun: Run | undefined },
  ) {
    super(flow, args, scope);
    this.flow = flow;
    this.parent = scope.flowRun;
    this.around = scope.taskRun ?? scope.flowRun;
  }

  /** A flow that a hook runs hands on that it is one. */
  override get hookOf(): Waiter | undefined {
    return this.node ? undefined : this.outer.hookOf;
  }

  get flowRun(): FlowRun {
    return this;
  }

  get name(): string {
    return flowRunName(this.id);
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
    return runner.open(this.settings.tasks.concurrency);
  }
}
