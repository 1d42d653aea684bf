import { createRequire } from "node:module";
import type * as acorn from "acorn";

/*
 * DESIGN. Two instances may share a cache key only if all of their state was compared, and of an instance only the
 * own enumerable fields can be seen. So its class, and every class that it extends, is read: state in #private
 * fields, also when a compiler turned them into WeakMaps, and state inside built-in objects make it unhashable.
 * What a constructor hides in a closure or in a WeakMap of its own cannot be found out.
 */

const mayHavePrivate = /#[\p{ID_Start}$_]/u;
// What TypeScript, esbuild and Babel write for #private fields on older targets.
const compiledPrivate =
  /\b(?:__classPrivateField(?:Get|Set|In)|__private(?:Add|Get|Set|In|Wrapper)|_?_?classPrivateField(?:Get|Set|InitSpec|LooseKey)\w*)\b/;
const nativeCode = /\{\s*\[native code\]\s*\}$/;

const reasons = new WeakMap<object, string>();
let parser: typeof acorn | undefined;

/** The name of an object's class; empty where it has none. */
export function classNameOf(value: object): string {
  const proto = Object.getPrototypeOf(value) as { constructor?: unknown } | null;
  if (proto === null) return "Object";
  const { constructor } = proto;
  return typeof constructor === "function" && typeof constructor.name === "string" ? constructor.name : "";
}

/**
 * Why the state of an instance cannot be seen in its own fields; empty where it can.
 *
 * @param builtIn the prototype of the built-in class whose state was read already, if the instance is of one
 */
export function hiddenState(value: object, builtIn: object | undefined): string {
  for (let at = parentOf(value); at !== null && at !== builtIn; at = parentOf(at)) {
    const constructor: unknown = Object.hasOwn(at, "constructor") ? at.constructor : undefined;
    if (typeof constructor !== "function") return "has a prototype that belongs to no class";
    if (isNative(constructor) && (builtIn !== undefined || parentOf(at) === null)) return "";
    if (constructor.prototype !== at) return "has a prototype that belongs to no class";
    const reason = reasonOf(constructor);
    if (reason !== "") return reason;
  }
  return "";
}

function parentOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}

function isNative(constructor: object): boolean {
  return nativeCode.test(Function.prototype.toString.call(constructor));
}

function reasonOf(constructor: Function): string {
  const known = reasons.get(constructor);
  if (known !== undefined) return known;
  const source = Function.prototype.toString.call(constructor);
  const reason = nativeCode.test(source)
    ? "has state that cannot be seen"
    : constructor.name === ""
      ? "has a class without a name"
      : compiledPrivate.test(source) || (mayHavePrivate.test(source) && hasPrivateFields(source))
        ? "keeps state in private fields"
        : "";
  reasons.set(constructor, reason);
  return reason;
}

function hasPrivateFields(source: string): boolean {
  try {
    parser ??= createRequire(import.meta.url)("acorn") as typeof acorn;
    const expression = parser.parseExpressionAt(`(${source})`, 0, { ecmaVersion: "latest", checkPrivateFields: false });
    // Private methods are no state.
    return (
      expression.type === "ClassExpression" &&
      expression.body.body.some(
        (member) => member.type === "PropertyDefinition" && !member.static && member.key.type === "PrivateIdentifier",
      )
    );
  } catch {
    // Syntax that is newer than the parser: what looks like a private field is taken for one.
    return true;
  }
}
