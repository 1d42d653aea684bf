// An input that refuses to be part of a key: a key function takes what identifies it, and joins with other policies.
import assert from "node:assert/strict";
import { cacheKeyFn, flow, type RunContext, RUN_ID, task } from "oxbow";

class NotSerializable {
  toJSON(): never {
    throw new TypeError("NooOoOOo! I will not be serialized!");
  }
}

class ContainsNonSerializableObject {
  readonly name: string;
  readonly badObject: NotSerializable;

  constructor(name: string, badObject: NotSerializable) {
    this.name = name;
    this.badObject = badObject;
  }
}

function customCacheKeyFn(_context: RunContext, inputs: Record<string, unknown>): string {
  return (inputs["someObject"] as ContainsNonSerializableObject).name;
}

const useObject = task(
  "use-object",
  { cachePolicy: cacheKeyFn(customCacheKeyFn).and(RUN_ID) },
  (someObject: ContainsNonSerializableObject) => `Used ${someObject.name}`,
);

const demoFlow = flow("demo-flow", async () => {
  const someObject = new ContainsNonSerializableObject("test", new NotSerializable());
  const state = await useObject.run(someObject); // Not cached!
  assert.equal(state.name, "Completed");
  const otherState = await useObject.run(someObject); // Cached!
  assert.equal(otherState.name, "Cached");
  assert.equal(state.result(), otherState.result());
  console.log(`${state.name}, then ${otherState.name}: ${otherState.result()}`);
});

await demoFlow();
