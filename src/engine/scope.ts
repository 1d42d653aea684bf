/*
 * DESIGN. What surrounds a piece of running code: settings, clock, log, and the runs it belongs to. It travels in one
 * AsyncLocalStorage, entered once per flow run and task run (every further one would slow down every promise of the
 * process). Settings are read when a run begins that has no run around it; all runs inside see the same ones.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../kernel/clock.ts";
import type { LogSink } from "../logging/logger.ts";
import { loadSettings, type Settings, type SettingsOverrides } from "../settings/settings.ts";
import type { FlowRun } from "./flow-run.ts";
import type { Services, Surroundings } from "./services.ts";
import type { Waiter } from "../transactions/deadlock.ts";
import type { TransactionNode } from "../transactions/node.ts";
import type { TaskRun } from "./task-run.ts";

/** What surrounds running code, with the innermost runs that it belongs to. */
export interface Scope extends Surroundings {
  readonly flowRun: FlowRun | undefined;
  readonly taskRun: TaskRun | undefined;
}

/** A scope without a run: the ground, or what `withSettings` and the test kit lay over it. */
class OuterScope implements Scope {
  readonly services: Services;
  readonly settings: Settings;
  readonly overrides: SettingsOverrides | undefined;
  readonly clock: Clock;
  readonly sink: LogSink;
  readonly flowRun: FlowRun | undefined;
  readonly taskRun: TaskRun | undefined;
  readonly node: TransactionNode | undefined;
  readonly hookOf: Waiter | undefined;

  constructor(services: Services, settings: Settings, parent: Scope | undefined, changes: ScopeChanges) {
    this.services = services;
    this.settings = settings;
    this.overrides = changes.settings;
    this.clock = changes.clock ?? parent?.clock ?? services.clock;
    this.sink = changes.sink ?? parent?.sink ?? services.sink;
    this.flowRun = parent?.flowRun;
    this.taskRun = parent?.taskRun;
    const around = parent instanceof OuterScope ? parent : undefined;
    this.hookOf = changes.hookOf ?? around?.hookOf;
    this.node = changes.hookOf ? undefined : (changes.node ?? around?.node);
  }
}

/** What can be laid over a scope. */
export interface ScopeChanges {
  readonly settings?: SettingsOverrides | undefined;
  readonly clock?: Clock;
  readonly sink?: LogSink;
  readonly node?: TransactionNode;
  readonly hookOf?: Waiter;
}

const storage = new AsyncLocalStorage<Scope>();
let ground: OuterScope | undefined;

/** The scope of the code that is running; `undefined` outside all runs. */
export function currentScope(): Scope | undefined {
  return storage.getStore();
}

/** Runs a function inside a scope. */
export function enter<T>(scope: Scope, fn: () => T): T {
  return storage.run(scope, fn);
}

/** The scope that a new run begins in. Outside all runs the settings are read anew. */
export function scopeForRun(services: Services): Scope {
  const scope = storage.getStore();
  if (scope && (scope.flowRun || scope.taskRun)) return scope;
  if (scope instanceof OuterScope) {
    const settings = loadSettings(scope.overrides);
    return settings === scope.settings
      ? scope
      : new OuterScope(services, settings, scope, { settings: scope.overrides });
  }
  const settings = loadSettings();
  if (ground && ground.settings === settings && ground.services === services) return ground;
  return (ground = new OuterScope(services, settings, undefined, {}));
}

/** Runs a function with settings, a clock, a log sink or a transaction of its own. @param outer what that is laid over */
export function withScope<T>(
  services: Services,
  changes: ScopeChanges,
  fn: () => T,
  outer: Scope | undefined = storage.getStore(),
): T {
  const overrides = changes.settings ? mergeOverrides(outer?.overrides, changes.settings) : outer?.overrides;
  const settings = changes.settings || !outer ? loadSettings(overrides) : outer.settings;
  return storage.run(new OuterScope(services, settings, outer, { ...changes, settings: overrides }), fn);
}

function mergeOverrides(outer: SettingsOverrides | undefined, inner: SettingsOverrides): SettingsOverrides {
  const merged: Record<string, unknown> = { ...outer };
  for (const [name, value] of Object.entries(inner)) {
    const before = merged[name];
    merged[name] = isGroup(before) && isGroup(value) ? { ...before, ...value } : value;
  }
  return merged;
}

function isGroup(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
