import { SpanStatusCode, trace } from "@opentelemetry/api";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { idOf, parentOf, registerProviders, type Providers } from "../../tests/telemetry/providers.ts";
import { flow, getRunContext, inProcess, INPUTS, memoryStorage, task } from "../index.ts";
import { TestClock, withClock } from "../testing/index.ts";

let providers: Providers;

beforeEach(() => {
  providers = registerProviders();
});

afterEach(() => providers.unregister());

const names = (): string[] => providers.spans().map(({ name }) => name);
const eventsOf = (name: string): string[] => providers.span(name).events.map((event) => event.name);

const add = task("add", { persistResult: false, version: "3", tags: ["sum"] }, async (x: number) => x + 1);

describe("spans", () => {
  it("of a flow and its tasks are one tree, with names and ids", async () => {
    const sum = flow("sum", { version: "2", tags: ["night"] }, async () => add(await add(1)));
    const state = await sum.run();
    expect(state.result()).toBe(3);
    expect(names()).toEqual(["task run add", "task run add", "flow run sum"]);
    const [first, , whole] = providers.spans();
    expect(parentOf(whole!)).toBeUndefined();
    for (const each of providers.spans().slice(0, 2)) expect(parentOf(each)).toBe(idOf(whole!));
    expect(whole!.attributes).toEqual({
      "oxbow.flow.name": "sum",
      "oxbow.flow.version": "2",
      "oxbow.flow_run.id": expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      "oxbow.flow_run.name": expect.stringMatching(/^\w+-\w+$/) as string,
      "oxbow.tags": ["night"],
      "oxbow.run.attempt": 1,
      "oxbow.state.type": "COMPLETED",
      "oxbow.state.name": "Completed",
    });
    expect(first!.attributes).toMatchObject({
      "oxbow.task.name": "add",
      "oxbow.task.version": "3",
      "oxbow.task_run.name": expect.stringMatching(/^add-[0-9a-f]{3}$/) as string,
      "oxbow.flow_run.id": whole!.attributes["oxbow.flow_run.id"],
      "oxbow.flow.name": "sum",
      "oxbow.tags": ["sum"],
    });
    expect(whole!.status.code).toBe(SpanStatusCode.UNSET);
  });

  it("of flows in flows and tasks in tasks are children of the run around", async () => {
    const inner = flow("inner", async () => add(1));
    const outer = task("outer", { persistResult: false }, async () => inner());
    const whole = flow("whole", async () => outer());
    await whole();
    const chain = ["task run add", "flow run inner", "task run outer", "flow run whole"].map((name) =>
      providers.span(name),
    );
    expect(names()).toEqual(chain.map(({ name }) => name));
    for (const [place, span] of chain.entries())
      expect(parentOf(span)).toBe(chain[place + 1] && idOf(chain[place + 1]!));
  });

  it("stand between the spans of the program around a call and those in its body", async () => {
    const tracer = trace.getTracer("program");
    const read = task("read", { persistResult: false }, async () => {
      await turn();
      tracer.startSpan("query").end();
    });
    const load = flow("load", async () =>
      tracer.startActiveSpan("stage", async (stage) => {
        await read();
        stage.end();
      }),
    );
    await tracer.startActiveSpan("request", async (request) => {
      await load();
      request.end();
    });
    const chain = ["query", "task run read", "stage", "flow run load", "request"];
    expect(names()).toEqual(chain);
    for (const [place, name] of chain.slice(0, -1).entries())
      expect(parentOf(providers.span(name)), name).toBe(idOf(providers.span(chain[place + 1]!)));
  });

  it("of runs are a tree without a context manager, too", async () => {
    providers.unregister();
    providers = registerProviders({ follows: false });
    const sum = flow("sum", async () => add(1));
    await sum();
    expect(parentOf(providers.span("task run add"))).toBe(idOf(providers.span("flow run sum")));
  });

  it("of a hit says what was found and how much time that saved", async () => {
    const slow = task("slow", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, async (x: number) => {
      await turn();
      return x;
    });
    await slow(1);
    await slow(1);
    const [miss, hit] = providers.spans();
    expect(miss!.attributes).toMatchObject({
      "oxbow.cache.outcome": "miss",
      "oxbow.cache.key": hit!.attributes["oxbow.cache.key"],
      "oxbow.state.name": "Completed",
    });
    expect(miss!.attributes).not.toHaveProperty("oxbow.cache.saved_ms");
    expect(hit!.attributes).toMatchObject({
      "oxbow.cache.outcome": "hit",
      "oxbow.cache.reason": expect.stringContaining("computed") as string,
      "oxbow.cache.key": expect.any(String) as string,
      "oxbow.state.type": "COMPLETED",
      "oxbow.state.name": "Cached",
    });
    expect(hit!.attributes["oxbow.cache.saved_ms"]).toBeGreaterThan(0);
  });

  it("of a failed run have the exception and the status ERROR, all the way up", async () => {
    const broken = task("broken", { persistResult: false }, async () => {
      throw new RangeError("out of reach");
    });
    const whole = flow("whole", async () => broken());
    await whole.run();
    for (const span of providers.spans()) {
      expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: "RangeError: out of reach" });
      expect(span.attributes).toMatchObject({ "error.type": "RangeError", "oxbow.state.type": "FAILED" });
      expect(span.events.map(({ name, attributes }) => [name, attributes?.["exception.message"]])).toEqual([
        ["exception", "out of reach"],
      ]);
    }
    expect(names()).toEqual(["task run broken", "flow run whole"]);
  });

  it("keep what was thrown that is no error", async () => {
    const odd = task("odd", { persistResult: false }, async () => {
      // oxlint-disable-next-line typescript/only-throw-error
      throw undefined;
    });
    await odd.run();
    expect(providers.span("task run odd").status).toEqual({ code: SpanStatusCode.ERROR, message: "undefined" });
    expect(providers.span("task run odd").attributes["error.type"]).toBe("_OTHER");
  });

  it("have an event for each attempt that failed and for each that followed", async () => {
    const clock = new TestClock();
    let calls = 0;
    const flaky = task("flaky", { retries: 2, retryDelay: "1 minute", persistResult: false }, async () => {
      calls += 1;
      trace.getTracer("program").startSpan(`call ${calls}`).end();
      if (calls < 3) throw new Error(`call ${calls} failed`);
      return calls;
    });
    await withClock(clock, async () => {
      const result = flaky();
      await clock.advance(2 * 60_000);
      expect(await result).toBe(3);
    });
    const span = providers.span("task run flaky");
    expect(span.events.map(({ name, attributes }) => [name, ...Object.values(attributes ?? {}).slice(0, 2)])).toEqual([
      ["exception", "Error", "call 1 failed"],
      ["oxbow.retry", 2],
      ["exception", "Error", "call 2 failed"],
      ["oxbow.retry", 3],
    ]);
    expect(span.attributes["oxbow.run.attempt"]).toBe(3);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    for (const call of ["call 1", "call 2", "call 3"]) expect(parentOf(providers.span(call))).toBe(idOf(span));
  });

  it("name the time limit of an attempt, not what its body threw for it", async () => {
    const clock = new TestClock();
    const stuck = task("stuck", { timeout: "1 second", retries: 1, persistResult: false }, async () => {
      const { signal } = getRunContext()!;
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("gave up"))));
    });
    await withClock(clock, async () => {
      const state = stuck.run();
      await clock.advance(1000);
      await clock.advance(1000);
      expect((await state).name).toBe("TimedOut");
    });
    const span = providers.span("task run stuck");
    expect(span.events.map(({ attributes }) => attributes?.["exception.type"])).toEqual([
      "OXBOW_TIMED_OUT",
      undefined,
      "OXBOW_TIMED_OUT",
    ]);
    expect(eventsOf("task run stuck")).toEqual(["exception", "oxbow.retry", "exception"]);
    expect(span.attributes).toMatchObject({ "oxbow.state.name": "TimedOut", "error.type": "OXBOW_TIMED_OUT" });
  });

  it("mark a run that was cancelled, without an error", async () => {
    const endless = task("endless", { persistResult: false }, () => new Promise<never>(() => undefined));
    const whole = flow("whole", async () => {
      const future = endless.submit();
      await turn();
      future.cancel("enough");
      return (await future.state()).name;
    });
    expect(await whole()).toBe("Cancelled");
    const span = providers.span("task run endless");
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes["oxbow.state.type"]).toBe("CANCELLED");
    expect(span.events).toMatchObject([{ name: "oxbow.cancelled", attributes: { "oxbow.state.message": "enough" } }]);
  });

  it("of submitted and mapped runs belong to where they were handed in, however long they wait", async () => {
    const tracer = trace.getTracer("program");
    const step = task("step", { persistResult: false }, async (stage: string) => {
      await turn();
      return stage;
    });
    const whole = flow("whole", { taskRunner: inProcess({ concurrency: 1 }) }, async () => {
      const stages = ["a", "b"].map((stage) =>
        tracer.startActiveSpan(stage, async (span) => {
          await Promise.all([step.submit(stage), step.submit(stage), step.map([stage, stage])]);
          span.end();
        }),
      );
      await Promise.all(stages);
    });
    await whole();
    for (const stage of ["a", "b"])
      expect(providers.spans().filter((span) => parentOf(span) === idOf(providers.span(stage)))).toHaveLength(4);
  });

  it("lead to the runs whose results a run takes; one that never began says why", async () => {
    const broken = task("broken", { persistResult: false }, async (): Promise<number> => {
      throw new Error("no");
    });
    const double = task("double", { persistResult: false }, async (x: number) => 2 * x);
    const after = task("after", { persistResult: false }, async (x: number) => x);
    const whole = flow("whole", async () => {
      await double(add.submit(1));
      await after.submit(broken.submit()).state();
    });
    await whole.run();
    const [link, ...more] = providers.span("task run double").links;
    expect(link?.context.spanId).toBe(idOf(providers.span("task run add")));
    expect(more).toEqual([]);
    const unready = providers.span("task run after");
    expect(unready.attributes).toMatchObject({ "oxbow.state.name": "NotReady", "error.type": "OXBOW_UPSTREAM_FAILED" });
    expect(unready.status.code).toBe(SpanStatusCode.ERROR);
  });

  it("of a generator last until its last item, and are active in it, not in its caller", async () => {
    const tracer = trace.getTracer("program");
    const count = task("count", { persistResult: false }, async function* (to: number) {
      for (let i = 0; i < to; i += 1) {
        tracer.startSpan(`make ${i}`).end();
        yield i;
      }
    });
    const whole = flow("whole", async () => {
      for await (const i of count(2)) tracer.startSpan(`take ${i}`).end();
    });
    await whole();
    expect(names()).toEqual(["make 0", "take 0", "make 1", "take 1", "task run count", "flow run whole"]);
    for (const i of [0, 1]) {
      expect(parentOf(providers.span(`make ${i}`))).toBe(idOf(providers.span("task run count")));
      expect(parentOf(providers.span(`take ${i}`))).toBe(idOf(providers.span("flow run whole")));
    }
  });

  it("of retried flows hold the tasks of all attempts", async () => {
    let calls = 0;
    const whole = flow("whole", { retries: 1 }, async () => {
      await add(1);
      calls += 1;
      if (calls === 1) throw new Error("again");
    });
    await whole();
    expect(eventsOf("flow run whole")).toEqual(["exception", "oxbow.retry"]);
    const tasks = providers.spans().filter(({ name }) => name === "task run add");
    expect(tasks.map(parentOf)).toEqual(Array(2).fill(idOf(providers.span("flow run whole"))));
  });
});

describe("runs that wait for somebody", () => {
  it("end their span when they are suspended, without an error", async () => {
    const deploy = task("deploy", { trigger: "manual", persistResult: false }, async () => undefined);
    expect((await deploy.run()).name).toBe("Suspended");
    const span = providers.span("task run deploy");
    expect(span.attributes["oxbow.state.type"]).toBe("PAUSED");
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(eventsOf("task run deploy")).toEqual(["oxbow.suspended"]);
  });
});
