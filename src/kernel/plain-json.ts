import { hasSymbolFields } from "./built-ins.ts";
import { Refusal, segmentOf, typeName, withArticle } from "./refusal.ts";

/*
 * DESIGN. `JSON.stringify` leaves out `undefined` and functions, makes `null` of NaN, `{}` of a map and text of a date, all without a
 * word. Here a value is walked through first, and whatever would not come back from `JSON.parse` as it was is refused with its path.
 */

/** Deeper than any data, and far from the end of the stack. */
const deepest = 1000;
/** Shared references are written out each time: the text of as many objects would hardly fit into a string. */
const mostVisits = 10_000_000;

// The compiler's library does not know it yet; every Node that this runs on has it.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * A value as the JSON that `JSON.parse` makes an equal value of.
 *
 * @param indent how many spaces each level is indented by; `0` for a single line
 * @throws {Refusal} for whatever would come back as something else, or not at all
 */
export function plainJson(value: unknown, indent = 0): string {
  const walk = new Walk();
  walk.check(value, 0);
  const text = JSON.stringify(value, walk.metMinusZero ? keepMinusZero : undefined, indent);
  // A getter that answers otherwise the second time.
  if (typeof text !== "string") throw new Refusal(typeName(value), "it changes while it is read");
  return text;
}

function keepMinusZero(_key: string, value: unknown): unknown {
  return Object.is(value, -0) ? rawJSON("-0") : value;
}

class Walk {
  metMinusZero = false;
  readonly #ancestors: unknown[] = [];
  #visits = 0;

  check(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
      case "boolean":
        return;
      case "number":
        return this.#checkNumber(value);
      case "object":
        if (value !== null) this.#checkObject(value, depth);
        return;
      case "undefined":
        throw new Refusal("undefined", "JSON has no undefined", { hint: "leave it out, or return null" });
      case "bigint":
        throw new Refusal("bigint", "JSON has no bigints", { hint: "return a number or a string" });
      case "function":
      case "symbol":
        throw new Refusal(typeof value, `JSON has no ${typeof value}s`);
    }
  }

  #checkNumber(value: number): void {
    if (!Number.isFinite(value))
      throw new Refusal("number", `JSON has no ${value}`, { hint: "return null, or a string" });
    if (Object.is(value, -0)) this.metMinusZero = true;
  }

  #checkObject(value: object, depth: number): void {
    for (let i = 0; i < depth; i++)
      if (this.#ancestors[i] === value) throw new Refusal("cycle", "it refers to an object that contains it");
    if (depth > deepest) throw new Refusal(typeName(value), `it is nested deeper than ${deepest} levels`);
    if (++this.#visits > mostVisits) throw new Refusal(typeName(value), `it leads to more than ${mostVisits} objects`);
    if (typeof (value as { toJSON?: unknown }).toJSON === "function") throw notPlain(value);
    if (hasSymbolFields(value)) throw new Refusal("symbol", "it has a key that is a symbol");
    this.#ancestors[depth] = value;
    if (Array.isArray(value)) this.#checkItems(value, depth);
    else this.#checkFields(value as Record<string, unknown>, depth);
  }

  #checkItems(array: readonly unknown[], depth: number): void {
    checkList(array);
    for (const [index, item] of array.entries()) {
      try {
        this.check(item, depth + 1);
      } catch (error) {
        throw Refusal.through(error, segmentOf(index));
      }
    }
  }

  #checkFields(object: Record<string, unknown>, depth: number): void {
    const proto: unknown = Object.getPrototypeOf(object);
    if (proto === null)
      throw new Refusal("object", "an object without a prototype would get one", { hint: "return { ...it }" });
    if (!isObjectPrototype(proto)) throw notPlain(object);
    for (const key of Object.keys(object)) {
      try {
        this.check(object[key], depth + 1);
      } catch (error) {
        throw Refusal.through(error, segmentOf(key));
      }
    }
  }
}

/** @throws {Refusal} for an array that is more, or less, than its items */
export function checkList(array: readonly unknown[]): void {
  // The prototype of Array, in each realm, is an array; that of a subclass is not.
  if (!Array.isArray(Object.getPrototypeOf(array))) throw notPlain(array);
  const keys = Object.keys(array).length;
  if (keys !== array.length || (keys > 0 && !Object.hasOwn(array, keys - 1)))
    throw new Refusal("Array", "an array with holes or with fields of its own");
}

/** `Object.prototype`, of this realm or another. */
function isObjectPrototype(proto: unknown): boolean {
  return (
    proto === Object.prototype ||
    (Object.getPrototypeOf(proto) === null && Object.hasOwn(proto as object, "isPrototypeOf"))
  );
}

function notPlain(value: object): Refusal {
  const type = typeName(value);
  if (typeof (value as { then?: unknown }).then === "function")
    return new Refusal(type, `${withArticle(type)} has no value before it is awaited`);
  return new Refusal(type, `JSON has no ${type}`, { hint: "return plain data" });
}
