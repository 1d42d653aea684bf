/* A program: imports a file that its parent names, twice, and says what it sees of the tasks in it. See observe-file.ts. */
import { pathToFileURL } from "node:url";
import { type Definition, definitionOf } from "../authoring/definition-of.ts";
import type { CachePolicy, KeyContext, PolicyMember } from "../caching/cache-policy.ts";
import { DEFAULT, TASK_SOURCE } from "../defaults.ts";
import { computeKey } from "../caching/compute-key.ts";
import { describeError, messageOf } from "../kernel/errors.ts";
import { serializerFor } from "../serializers/registry.ts";
import type { Message, Order, Seen, SeenTask } from "./observe-file.ts";

type TaskOfFile = Definition & { readonly kind: "task" };

const say = (message: Message): void => void process.send!(message, () => undefined);
const orders: Order[] = [];
let wake = (): void => undefined;
process.on("message", (order: Order) => {
  orders.push(order);
  wake();
});
// Whoever asked has gone.
process.on("disconnect", () => process.exit(1));

async function nextOrder(): Promise<Order> {
  while (orders.length === 0) await new Promise<void>((resolve) => (wake = resolve));
  return orders.shift()!;
}

async function observe(): Promise<void> {
  say({ kind: "ready" });
  const { file } = (await nextOrder()) as { readonly file: string };
  const { href } = pathToFileURL(file);
  const first = tasksOf((await import(href)) as object);
  const withKeys = first.tasks.filter(({ task }) => keyFunctionsOf(task).length > 0).map(({ task }) => task.name);
  say({ kind: "needs inputs", tasks: withKeys });
  const { inputs } = (await nextOrder()) as { readonly inputs: Readonly<Record<string, string>> };
  const observations = [await see(first.tasks, inputs)];
  moveClock(61_000);
  const second = tasksOf((await import(`${href}?again`)) as object);
  observations.push(await see(second.tasks, inputs));
  say({ kind: "seen", observations, strangers: first.strangers });
}

interface Exported {
  readonly exportName: string;
  readonly task: TaskOfFile;
}

function tasksOf(file: object): { readonly tasks: readonly Exported[]; readonly strangers: readonly string[] } {
  const tasks: Exported[] = [];
  const strangers: string[] = [];
  for (const [exportName, value] of Object.entries(file)) {
    const definition = definitionOf(value);
    if (definition?.kind === "task") tasks.push({ exportName, task: definition });
    else if (definition === undefined && looksLikeTask(value)) strangers.push(exportName);
  }
  return { tasks, strangers };
}

function looksLikeTask(value: unknown): boolean {
  return typeof value === "function" && ["explain", "withOptions", "submit"].every((name) => name in value);
}

async function see(tasks: readonly Exported[], inputs: Readonly<Record<string, string>>): Promise<readonly SeenTask[]> {
  const seen: SeenTask[] = [];
  for (const { exportName, task } of tasks) {
    const recorded = inputs[task.name];
    const values =
      recorded === undefined
        ? {}
        : ((await serializerFor("json").deserialize(Buffer.from(recorded))) as Record<string, unknown>);
    const context = contextFor(task, values);
    const keys: Seen[] = [];
    for (const member of keyFunctionsOf(task)) keys.push(await keyOf(member, context));
    seen.push({
      name: task.name,
      exportName,
      source: await sourceOf(context),
      needsSource: policyOf(task).members.some(({ kind }) => kind === "task-source"),
      keys,
      inputsAreRecorded: recorded !== undefined,
      expirationMs: task.expirationMs,
      memoryStorage: memoryStorageOf(task),
      isOptedOut: task.persist === false || task.policy?.isNever === true || task.cacheMode === "off",
      alwaysRefreshes: task.refresh === true,
      records: await recordsOf(task),
    });
  }
  return seen;
}

const policyOf = (task: TaskOfFile): CachePolicy => task.policy ?? DEFAULT;
const keyFunctionsOf = (task: TaskOfFile): readonly PolicyMember[] =>
  policyOf(task).members.filter(({ kind, verbatim }) => kind === "key-fn" && verbatim !== undefined);

/** Where the record of a call with made-up inputs would be, and under which key; not where a function of the user makes it. */
async function recordsOf(task: TaskOfFile): Promise<string | undefined> {
  if (keyFunctionsOf(task).length > 0) return undefined;
  try {
    const inputs = Object.fromEntries(task.parameters().names.map((name, index) => [name, index]));
    const key = await computeKey(policyOf(task), contextFor(task, inputs));
    const { storage } = task;
    const where = typeof storage === "object" ? storage.location : (storage ?? "");
    return "absent" in key ? undefined : `${where}\n${key.value}`;
  } catch {
    return undefined;
  }
}

function memoryStorageOf({ storage }: TaskOfFile): string | undefined {
  if (typeof storage !== "object" || storage.capabilities.persistent) return undefined;
  return storage.location;
}

/** The digest of the component `task-source`, as records have it. */
async function sourceOf(context: KeyContext): Promise<Seen> {
  try {
    const key = await computeKey(TASK_SOURCE, context);
    return "absent" in key ? key : { text: key.digests()["task-source"]! };
  } catch (error) {
    return { absent: messageOf(error) };
  }
}

async function keyOf(keyFunction: PolicyMember, context: KeyContext): Promise<Seen> {
  try {
    const key = await keyFunction.verbatim!(context);
    return typeof key === "string" ? { text: key } : key;
  } catch (error) {
    return { absent: messageOf(error) };
  }
}

const noRun = "00000000-0000-4000-8000-000000000000";

/** A run that is always the same: what a key function makes of it must be, too. */
function contextFor({ name, version, description, tags, fn }: TaskOfFile, inputs: Record<string, unknown>): KeyContext {
  const of = { id: noRun, name: "doctor", states: [], state: undefined, attempt: 1 };
  const task = { name, version, description, tags };
  const taskRun = { ...of, task, inputs, upstream: [] };
  const flowRun = { ...of, flow: { ...task, name: "doctor" }, parameters: {} };
  const run = { taskRun, flowRun, attempt: 1, signal: new AbortController().signal };
  return { task: { name, version, fn }, inputs, flowParameters: {}, runId: noRun, run, checkKeyFunctions: false };
}

/** Lets the time of day be later, for what is imported and called from now on. */
function moveClock(ms: number): void {
  const RealDate = Date;
  const now = (): number => RealDate.now() + ms;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(
        target,
        args.length === 0 ? [now()] : args,
        newTarget === globalThis.Date ? target : newTarget,
      ) as object,
    apply: () => new RealDate(now()).toString(),
    get: (target, name) => (name === "now" ? now : (Reflect.get(target, name) as unknown)),
  });
}

try {
  await observe();
} catch (error) {
  say({ kind: "failed", error: describeError(error) });
}
