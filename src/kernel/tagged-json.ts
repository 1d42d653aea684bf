import { inspect } from "node:util";
import { Refusal, segmentOf, typeName } from "./refusal.ts";
import { copyOf, layoutOf, type Layout, type Plain } from "./object-layout.ts";

/*
 * DESIGN. A value becomes a tree that the native JSON.stringify writes so that two different values never give
 * the same text.
 *
 * - Copy on write: a part that JSON can already say is returned as it is, the same reference. Plain data costs
 *   one walk and one native stringify, and no memory.
 * - Everything else becomes an object with a single key that begins with one "~": {"~Date": 0}. A key of the
 *   user's own that begins with "~" gets one more, so no data can look like a tag.
 * - An array with holes or with fields of its own is {"~Array": [length, {…}]}.
 * - What stands for a Date, a class, a function is decided by the subclass; so is what a cycle means.
 * - The path to a refused part is made while the refusal travels outwards (see Refusal). Until then it is free.
 */

/** Deeper than any data, and far from the end of the stack. */
const deepest = 1000;
/**
 * Shared references are written out each time, so a small graph can have a text without end. The text of as many
 * objects would hardly fit into a string (half a gigabyte), and to count them takes a second.
 */
const mostVisits = 10_000_000;
/** Up to here it is cheaper to make the keys of an array than to ask about them. */
const smallArray = 16;

/** How a {@link TaggedWalk} treats what is plain. */
export interface WalkRules {
  /** Whether keys are put in order, so that equal objects give equal text. */
  readonly sortKeys: boolean;
  /** Whether -0 and objects without a prototype are told from 0 and from ordinary objects. */
  readonly exact: boolean;
  /** Whether an object that was met before is passed over, in place of being written out again. */
  readonly once: boolean;
  /** The layouts seen last, by depth: the rows of a table are compared with the row before. Kept between walks. */
  readonly layouts: Layout[];
}

/** One walk through one value. A subclass says what stands for everything that is not plain data. */
export abstract class TaggedWalk {
  private readonly rules: WalkRules;
  private readonly ancestors: (object | undefined)[] = [];
  private readonly met: Set<object> | undefined;
  private visits = 0;

  constructor(rules: WalkRules) {
    this.rules = rules;
    this.met = rules.once ? new Set() : undefined;
  }

  /** What stands for anything that has no form in JSON: `undefined`, NaN, a symbol, a function, a Date, a class … */
  protected abstract special(value: unknown, depth: number): unknown;
  /** Whether a plain object or array needs {@link irregular}: it has symbol keys, a `toJSON`, … */
  protected abstract isIrregular(value: object): boolean;
  /** What stands for such an object. */
  protected abstract irregular(value: object, depth: number): unknown;
  /** What stands for an object that contains itself, `levels` levels further in. */
  protected abstract cycle(levels: number): unknown;

  /**
   * The tree of `value`, which sits `depth` levels inside.
   *
   * @throws {Refusal}
   */
  tree(value: unknown, depth = 0): unknown {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        return this.isPlainNumber(value) ? value : this.special(value, depth);
      case "object":
        return value === null ? null : this.ofObject(value, depth);
      default:
        return this.special(value, depth);
    }
  }

  /**
   * The tree of a part of `owner`, which sits at `depth`; `segment` is the step to the part. Without an owner the
   * part cannot refer back to it: something that stands for an object may not be made of that object.
   */
  protected child(owner: object | undefined, part: unknown, segment: string, depth: number): unknown {
    this.ancestors[depth] = owner;
    try {
      return this.tree(part, depth + 1);
    } catch (error) {
      throw Refusal.through(error, segment);
    }
  }

  /** The own enumerable fields of an object, as a plain object: itself where they need no change and `copied` is false. */
  protected fields(object: object, depth: number, copied: boolean): object {
    const layout = this.layout(object, depth);
    const { found, names } = layout;
    let copy = copied || !layout.asFound ? firstCopyOf(object as Plain, layout) : undefined;
    let i = 0;
    try {
      // for-in reads the fields of a known shape four times as fast as a loop over the keys.
      for (const key in object) {
        if (i === found.length) break;
        if (key !== found[i]) throw new Refusal(typeName(object), "its keys change while they are read");
        const field = (object as Plain)[key];
        let tree: unknown = field;
        if (typeof field === "number") {
          if (!this.isPlainNumber(field)) tree = this.special(field, depth + 1);
        } else if (typeof field !== "string") {
          this.ancestors[depth] = object;
          tree = this.tree(field, depth + 1);
        }
        if (tree !== field) (copy ??= copyOf(object as Plain, layout))[names[i]!] = tree;
        i++;
      }
    } catch (error) {
      throw Refusal.through(error, segmentOf(found[i]!));
    }
    if (i !== found.length) throw new Refusal(typeName(object), "its keys change while they are read");
    return copy ?? object;
  }

  private isPlainNumber(value: number): boolean {
    return value - value === 0 && (value !== 0 || !this.rules.exact || 1 / value > 0);
  }

  private ofObject(value: object, depth: number): unknown {
    const { ancestors, met } = this;
    if (met !== undefined) {
      if (met.has(value)) return value;
      met.add(value);
    } else {
      for (let i = depth - 1; i >= 0; i--) if (ancestors[i] === value) return this.cycle(depth - i);
      if (++this.visits > mostVisits) throw new Refusal(typeName(value), `it leads to more than ${mostVisits} objects`);
    }
    if (depth > deepest) throw new Refusal(typeName(value), `it is nested deeper than ${deepest} levels`);
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto === Object.prototype) return this.ofPlain(value, depth);
    if (Array.isArray(value)) return isArrayPrototype(proto) ? this.ofArray(value, depth) : this.special(value, depth);
    if (proto === null ? !this.rules.exact : isForeignObjectPrototype(proto as object))
      return this.ofPlain(value, depth);
    return this.special(value, depth);
  }

  private ofPlain(object: object, depth: number): unknown {
    return this.isIrregular(object) ? this.irregular(object, depth) : this.fields(object, depth, false);
  }

  private ofArray(array: readonly unknown[], depth: number): unknown {
    if (!hasOnlyItems(array)) return { "~Array": [array.length, this.fields(array, depth, true)] };
    let copy: unknown[] | undefined;
    let i = 0;
    try {
      for (; i < array.length; i++) {
        const item = array[i];
        let tree: unknown = item;
        if (typeof item === "number") {
          if (!this.isPlainNumber(item)) tree = this.special(item, depth + 1);
        } else if (typeof item !== "string") {
          this.ancestors[depth] = array;
          tree = this.tree(item, depth + 1);
        }
        if (tree !== item) (copy ??= array.slice())[i] = tree;
      }
    } catch (error) {
      throw Refusal.through(error, segmentOf(i));
    }
    return copy ?? array;
  }

  private layout(object: object, depth: number): Layout {
    const { layouts, sortKeys } = this.rules;
    const layout = layoutOf(object, sortKeys, layouts[depth]);
    if (layout.reusable && depth <= layouts.length) layouts[depth] = layout;
    return layout;
  }
}

function firstCopyOf(object: Plain, layout: Layout): Plain {
  try {
    return copyOf(object, layout);
  } catch (error) {
    throw Refusal.through(error, segmentOf(keyThatThrows(object, layout.found)));
  }
}

function keyThatThrows(object: Plain, keys: readonly string[]): string {
  for (const key of keys) {
    try {
      void object[key];
    } catch {
      return key;
    }
  }
  return keys[0]!;
}

/** `Array.prototype`, in this realm or another; the prototype of a subclass is no array. */
function isArrayPrototype(proto: unknown): boolean {
  return proto === Array.prototype || Array.isArray(proto);
}

/** Whether this is the `Object.prototype` of another realm. */
function isForeignObjectPrototype(proto: object): boolean {
  return Object.getPrototypeOf(proto) === null && Object.hasOwn(proto, "isPrototypeOf");
}

/** Whether an array has neither holes nor fields of its own beside its items. */
function hasOnlyItems(array: readonly unknown[]): boolean {
  const { length } = array;
  if (length <= smallArray) {
    const keys = Object.keys(array);
    // A field may make up for a hole in number; fields come after the items, so it is the last.
    return keys.length === length && (!array.includes(undefined) || keys[length - 1] === String(length - 1));
  }
  if (array.includes(undefined) && hasHole(array)) return false;
  return (
    inspect(array, { maxArrayLength: 0 }) === `[ ... ${length} more items ]` || Object.keys(array).length === length
  );
}

function hasHole(array: readonly unknown[]): boolean {
  for (let i = 0; i < array.length; i++) if (array[i] === undefined && !Object.hasOwn(array, i)) return true;
  return false;
}
