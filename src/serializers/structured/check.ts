import { hasSymbolFields } from "../../kernel/built-ins.ts";
import type { Layout } from "../../kernel/object-layout.ts";
import { Refusal, withArticle } from "../../kernel/refusal.ts";
import { TaggedWalk, type WalkRules } from "../../kernel/tagged-json.ts";
import { type BuiltIn, builtInOf } from "../internal/built-in-kinds.ts";

const rules: WalkRules = { sortKeys: false, exact: true, once: true, layouts: [] as Layout[] };
const errorNames = new Set([
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
]);

/**
 * A walk for its refusals only: it goes through everything that the structured clone algorithm would drop or change
 * without a word. The tree is not used.
 */
export class StructuredCheck extends TaggedWalk {
  constructor() {
    super(rules);
  }

  protected override special(value: unknown, depth: number): unknown {
    if (typeof value === "symbol" || typeof value === "function") {
      throw new Refusal(typeof value, `${withArticle(typeof value)} cannot be cloned`);
    }
    if (typeof value !== "object" || value === null) return value;
    if (Object.getPrototypeOf(value) === null)
      throw new Refusal("object", "an object without a prototype would get one");
    this.checkBuiltIn(builtInOf(value), depth);
    return value;
  }

  protected override isIrregular(value: object): boolean {
    return hasSymbolFields(value);
  }

  protected override irregular(): unknown {
    throw new Refusal("symbol", "its key that is a symbol would be lost");
  }

  protected override cycle(): unknown {
    throw new Error("unreachable: objects are met once");
  }

  private checkBuiltIn(builtIn: BuiltIn, depth: number): void {
    switch (builtIn.kind) {
      case "Map": {
        let index = 0;
        for (const [key, value] of builtIn.value) {
          this.child(undefined, key, `.keys()[${index}]`, depth);
          this.child(
            undefined,
            value,
            typeof key === "string" ? `.get(${JSON.stringify(key)})` : `.values()[${index}]`,
            depth,
          );
          index += 1;
        }
        return;
      }
      case "Set": {
        let index = 0;
        for (const item of builtIn.value) this.child(undefined, item, `.values()[${index++}]`, depth);
        return;
      }
      case "RegExp":
        if (builtIn.value.lastIndex !== 0) throw new Refusal("RegExp", "its lastIndex would be lost");
        return;
      case "URL":
        throw new Refusal("URL", "a URL would become an empty object");
      case "boxed":
        if (typeof builtIn.value.valueOf() === "symbol") throw new Refusal("symbol", "a symbol cannot be cloned");
        return;
      case "Error":
        return this.checkError(builtIn.name, builtIn.value, depth);
      case "Date":
      case "ArrayBuffer":
      case "view":
    }
  }

  private checkError(name: string, error: Error, depth: number): void {
    if (!errorNames.has(name)) throw new Refusal(name, `${withArticle(name)} would become an Error`);
    const kept = ["message", "stack", "cause"];
    const lost = Object.getOwnPropertyNames(error).find(
      (key) => !kept.includes(key) || Object.prototype.propertyIsEnumerable.call(error, key),
    );
    if (lost !== undefined) throw new Refusal(name, `its field "${lost}" would be lost`);
    if (typeof error.message !== "string") throw new Refusal(name, "its message would become a text");
    if (Object.hasOwn(error, "cause")) this.child(undefined, error.cause, ".cause", depth);
  }
}
