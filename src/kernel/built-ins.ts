import { inspect, types } from "node:util";

const tagOfTypedArray = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get as (this: ArrayBufferView) => string;

// Up to here it is cheaper to make the keys of a view than to ask about them.
const smallView = 32;

/** The class of a view: `Uint8Array`, `DataView`, `Buffer` …; of an instance of a subclass, the built-in one. */
export function viewKindOf(view: ArrayBufferView): string {
  if (Buffer.isBuffer(view)) return "Buffer";
  return types.isDataView(view) ? "DataView" : tagOfTypedArray.call(view);
}

/**
 * The own enumerable string keys of a built-in object, without those that are part of its state. These are few, so
 * it is cheap to ask for them, but for an array of bytes all keys would be made.
 */
export function ownFieldsOf(value: object): readonly string[] {
  if (types.isTypedArray(value)) return hasOnlyItems(value) ? [] : Object.keys(value).filter(isNoIndex);
  const keys = Object.keys(value);
  return keys.length > 0 && types.isStringObject(value) ? keys.filter(isNoIndex) : keys;
}

/** Whether a value is an error, of this realm or another. */
export function isError(value: object): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

/** Whether an object has an enumerable key that is a symbol. */
export function hasSymbolFields(value: object): boolean {
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length === 0) return false;
  return symbols.some((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}

function hasOnlyItems(view: NodeJS.TypedArray): boolean {
  if (view.length <= smallView) return Object.keys(view).length === view.length;
  return /\[ \.\.\. \d+ more items? \]$/.test(inspect(view, { maxArrayLength: 0, customInspect: false }));
}

function isNoIndex(key: string): boolean {
  return !/^(?:0|[1-9]\d*)$/.test(key);
}
