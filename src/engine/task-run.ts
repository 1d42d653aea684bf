import { taskRunName } from "../kernel/ids.ts";
import { bindInputs } from "../hashing/parameters.ts";
import type { TaskDefinition } from "./definition.ts";
import type { FlowRun } from "./flow-run.ts";
import { Run } from "./run.ts";
import type { Surroundings } from "./services.ts";

/** One execution of a task, with all its attempts. It is the scope of the code inside it. */
export class TaskRun extends Run {
  readonly task: TaskDefinition;
  readonly flowRun: FlowRun | undefined;
  /** The task run around this one, where a task called a task. */
  readonly parent: TaskRun | undefined;
  /** Futures are replaced by their values before the body is called. */
  args: readonly unknown[];
  /** The runs whose results are among the arguments or that had to end first, by id. */
  upstream: readonly string[] = [];
  #inputs: Record<string, unknown> | undefined;

  constructor(
    task: TaskDefinition,
    args: readonly unknown[],
    scope: Surroundings & { readonly flowRun: FlowRun | undefined; readonly taskRun: TaskRun | undefined },
  ) {
    super(scope);
    this.task = task;
    this.args = args;
    this.flowRun = scope.flowRun;
    this.parent = scope.taskRun;
  }

  get taskRun(): TaskRun {
    return this;
  }

  get name(): string {
    return taskRunName(this.task.name, this.id);
  }

  get label(): string {
    return `Task run '${this.name}'`;
  }

  /** The arguments by parameter name, defaults filled in where they are literals. */
  get inputs(): Record<string, unknown> {
    return (this.#inputs ??= bindInputs(this.task.parameters(), this.args));
  }

  /** Replaces the arguments: futures by values, inputs by what their schema made of them. */
  replaceArguments(args: readonly unknown[]): void {
    this.args = args;
    this.#inputs = undefined;
  }
}
