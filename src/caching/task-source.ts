import { HashError } from "../kernel/errors.ts";
import { sourceDigest } from "../hashing/function-source.ts";
import type { Component, KeyContext, KeyTask, PolicyMember } from "./cache-policy.ts";

/** An earlier source of a task whose records still count. */
export interface AcceptedSource {
  /** Its component, as {@link taskSourceText} gives it. */
  readonly text: string;
  /** When somebody said so, in milliseconds since 1970. */
  readonly at: number;
}

/** The earlier source whose records count for a task with this component; `undefined` where nobody said so. Asked for every key. */
export type AcceptedSources = (text: string) => AcceptedSource | undefined;

let acceptedSources: AcceptedSources | undefined;

/** Says where accepted changes of sources are found. @param find `undefined`: there are none */
export function setAcceptedSources(find: AcceptedSources | undefined): void {
  acceptedSources = find;
}

/**
 * The member behind `TASK_SOURCE`: the task's name, its version and its own code, without comments and formatting. Where a change
 * of them was accepted, the earlier ones stand in their place, so that the key is the same.
 */
export class TaskSourceMember implements PolicyMember {
  readonly kind = "task-source";

  contribute({ task }: KeyContext): readonly Component[] {
    const own = componentsOf(task);
    const accepted = acceptedSources?.(own.text);
    return accepted ? own.of(accepted) : own.components;
  }

  merge(): PolicyMember {
    return this;
  }
}

/** The text of the component that stands for a task as it is now, whatever was accepted. @throws {HashError} where it has no source */
export function taskSourceText(task: KeyTask): string {
  return componentsOf(task).text;
}

class TaskSource {
  readonly text: string;
  readonly components: readonly Component[];
  #accepted: (AcceptedSource & { readonly components: readonly Component[] }) | undefined;

  constructor(text: string) {
    this.text = text;
    this.components = [["task-source", text]];
  }

  of({ text, at }: AcceptedSource): readonly Component[] {
    if (this.#accepted?.text !== text || this.#accepted.at !== at) {
      const note = `source change accepted ${new Date(at).toISOString().slice(0, 10)}`;
      this.#accepted = { text, at, components: [["task-source", text, note]] };
    }
    return this.#accepted.components;
  }
}

// The code of a function does not change, so its digest is made once per task.
const sources = new WeakMap<KeyTask, TaskSource>();

function componentsOf(task: KeyTask): TaskSource {
  let source = sources.get(task);
  if (!source) sources.set(task, (source = new TaskSource(describe(task))));
  return source;
}

function describe(task: KeyTask): string {
  const source = sourceDigest(task.fn);
  if ("digest" in source) return JSON.stringify([task.name, task.version ?? null, source.digest]);
  if (task.version !== undefined) return JSON.stringify([task.name, task.version]);
  throw new HashError("source", "function", `Cannot read the source of task "${task.name}": ${source.unavailable}`, {
    hint: "wrap it in a function of your own, or give the task a `version`",
  });
}
