import { types } from "node:util";
import { viewKindOf } from "../kernel/built-ins.ts";
import { Refusal } from "../kernel/refusal.ts";
import { sha256 } from "./sha256.ts";

/** A built-in object: the name and the prototype of its class, and what stands for its state. */
export interface BuiltIn {
  readonly name: string;
  readonly prototype: object;
  readonly tree: unknown;
}

/** A built-in object without parts that would have to be walked; `undefined` for every other object. */
export function leafOf(value: object): BuiltIn | undefined {
  if (types.isDate(value)) return builtIn("Date", Date.prototype, timeOf(value));
  if (ArrayBuffer.isView(value)) return ofView(value);
  if (types.isAnyArrayBuffer(value)) return ofBuffer(value);
  if (types.isRegExp(value)) return builtIn("RegExp", RegExp.prototype, [value.source, value.flags]);
  if (types.isBoxedPrimitive(value)) return ofBoxed(value);
  if (value instanceof URL) return builtIn("URL", URL.prototype, value.href);
  if (value instanceof URLSearchParams) return builtIn("URLSearchParams", URLSearchParams.prototype, value.toString());
  // Naming the global loads half a megabyte of HTTP client, so the tag is asked first.
  if (tagOf(value) === "[object Headers]" && value instanceof Headers)
    return builtIn("Headers", Headers.prototype, [...value]);
  return undefined;
}

/** The time of a date; `null` for an invalid one. */
export function timeOf(date: Date): number | null {
  const time = Date.prototype.getTime.call(date);
  return Number.isNaN(time) ? null : time;
}

/** A file-like object whose content has to be read before it can be hashed. */
export function asBlob(value: object): Blob | undefined {
  return /^\[object (?:Blob|File)\]$/.test(tagOf(value)) && value instanceof Blob ? value : undefined;
}

function builtIn(name: string, prototype: object, content: unknown): BuiltIn {
  return { name, prototype, tree: { [`~${name}`]: content } };
}

function ofView(view: ArrayBufferView): BuiltIn {
  if ((view.buffer as Partial<ArrayBuffer>).detached === true)
    throw new Refusal("ArrayBuffer", "its bytes were transferred away");
  const name = viewKindOf(view);
  const prototype = (globalThis as unknown as Record<string, { prototype: object }>)[name]!.prototype;
  return builtIn(name, prototype, sha256(view));
}

function ofBuffer(buffer: ArrayBufferLike): BuiltIn {
  const name = types.isSharedArrayBuffer(buffer) ? "SharedArrayBuffer" : "ArrayBuffer";
  return builtIn(name, globalThis[name].prototype, sha256(new Uint8Array(buffer)));
}

function ofBoxed(value: object): BuiltIn {
  const primitive: unknown = value.valueOf();
  const name = types.isNumberObject(value)
    ? "Number"
    : types.isStringObject(value)
      ? "String"
      : types.isBooleanObject(value)
        ? "Boolean"
        : types.isBigIntObject(value)
          ? "BigInt"
          : "Symbol";
  if (typeof primitive === "symbol") return builtIn(name, Symbol.prototype, registeredName(primitive));
  const content =
    typeof primitive === "string" || typeof primitive === "boolean" ? primitive : `${primitive === 0 ? 0 : primitive}`;
  return builtIn(name, globalThis[name].prototype, content);
}

/** The name under which a symbol is registered, which alone is the same in every process. */
export function registeredName(symbol: symbol): string {
  const name = Symbol.keyFor(symbol);
  if (name === undefined)
    throw new Refusal("symbol", "a symbol is unique to its process, unless it is made by Symbol.for()");
  return name;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value);
}
