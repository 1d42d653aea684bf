import type { CacheKey } from "../caching/compute-key.ts";
import { taskRunName } from "../kernel/ids.ts";
import type { TaskDefinition } from "./definition.ts";
import type { FlowRun } from "./flow-run.ts";
import type { Outlet } from "./outlet.ts";
import { Run } from "./run.ts";
import type { ResultStore } from "../results/result-store.ts";
import type { Surroundings } from "./services.ts";

/** One execution of a task, with all its attempts. It is the scope of the code inside it. */
export class TaskRun extends Run {
  readonly task: TaskDefinition;
  readonly flowRun: FlowRun | undefined;
  /** The task run around this one, where a task called a task. */
  readonly parent: TaskRun | undefined;
  /** The runs whose results are among the arguments or that had to end first, by id. */
  upstream: readonly string[] = [];
  /** Where its result is cached, once that is known. */
  cached: { readonly key: CacheKey; readonly store: ResultStore } | undefined;
  /** Settles when all is known that its decision can be explained by. */
  explaining: Promise<void> | undefined;
  /** Takes the items of a generator one by one, where somebody does. */
  outlet: Outlet | undefined;

  constructor(
    task: TaskDefinition,
    args: readonly unknown[],
    scope: Surroundings & { readonly flowRun: FlowRun | undefined; readonly taskRun: TaskRun | undefined },
    id?: string,
  ) {
    super(task, args, scope, id);
    this.task = task;
    this.flowRun = scope.flowRun;
    this.parent = scope.taskRun;
    this.flowRun?.planner?.expect(this);
  }

  get taskRun(): TaskRun {
    return this;
  }

  get name(): string {
    return taskRunName(this.task.name, this.id);
  }

  protected get place(): readonly [string | undefined, string] {
    return [this.flowRun?.id, this.id];
  }

  get label(): string {
    return `Task run '${this.name}'`;
  }
}
