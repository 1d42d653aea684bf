// A class can say itself what of it counts for cache keys, once for all tasks.
import assert from "node:assert/strict";
import { flow, INPUTS, RUN_ID, task } from "oxbow";

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

  /** Only the name counts, not the problematic object. */
  [Symbol.for("oxbow.cacheKey")](): unknown {
    return { name: this.name };
  }
}

const useObject = task(
  "use-object",
  { cachePolicy: INPUTS.and(RUN_ID) },
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
