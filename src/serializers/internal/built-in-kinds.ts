import { types } from "node:util";
import { hasSymbolFields, isError, ownFieldsOf, viewKindOf } from "../../kernel/built-ins.ts";
import { Refusal, typeName, withArticle } from "../../kernel/refusal.ts";

/** An object of a class that is part of JavaScript or Node, without anything that its user added. */
export type BuiltIn =
  | { readonly kind: "Date"; readonly value: Date }
  | { readonly kind: "RegExp"; readonly value: RegExp }
  | { readonly kind: "Map"; readonly value: ReadonlyMap<unknown, unknown> }
  | { readonly kind: "Set"; readonly value: ReadonlySet<unknown> }
  | { readonly kind: "URL"; readonly value: URL }
  | { readonly kind: "ArrayBuffer"; readonly value: ArrayBuffer }
  | { readonly kind: "boxed"; readonly value: object }
  | { readonly kind: "view"; readonly name: string; readonly value: ArrayBufferView<ArrayBuffer> }
  | { readonly kind: "Error"; readonly name: string; readonly value: Error };

/**
 * Which built-in object this is.
 *
 * @throws {Refusal} for everything that could not be restored as what it is: an instance of another class, a subclass
 * included, or a built-in object to which fields were added. An error's own fields are left to the caller.
 */
export function builtInOf(value: object): BuiltIn {
  const builtIn = kindOf(value);
  const name =
    builtIn === undefined
      ? ""
      : "name" in builtIn
        ? builtIn.name
        : builtIn.kind === "boxed"
          ? typeName(value)
          : builtIn.kind;
  if (builtIn === undefined || !isOfClass(value, name)) throw notRestorable(value);
  if (hasSymbolFields(value)) throw new Refusal(name, `${withArticle(name)} with fields that are symbols`);
  if (builtIn.kind !== "Error" && ownFieldsOf(value).length > 0)
    throw new Refusal(name, `${withArticle(name)} with fields of its own`);
  return builtIn;
}

function kindOf(value: object): BuiltIn | undefined {
  if (types.isDate(value)) return { kind: "Date", value };
  if (types.isMap(value)) return { kind: "Map", value };
  if (types.isSet(value)) return { kind: "Set", value };
  if (ArrayBuffer.isView(value)) return { kind: "view", name: viewKindOf(value), value: ownBytes(value) };
  if (types.isArrayBuffer(value)) return { kind: "ArrayBuffer", value: fixed(value) };
  if (types.isRegExp(value)) return { kind: "RegExp", value };
  if (value instanceof URL) return { kind: "URL", value };
  if (types.isBoxedPrimitive(value)) return { kind: "boxed", value };
  return isError(value) ? { kind: "Error", name: typeName(value), value } : undefined;
}

/** Whether the object's class is this built-in one itself, here or in another realm. */
function isOfClass(value: object, name: string): boolean {
  const proto = Object.getPrototypeOf(value) as { readonly constructor?: unknown } | null;
  const here = (globalThis as unknown as Record<string, { readonly prototype: object } | undefined>)[name];
  if (proto === null || proto === here?.prototype) return proto !== null;
  const { constructor } = proto;
  if (typeof constructor !== "function" || constructor.name !== name || constructor.prototype !== proto) return false;
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(constructor));
}

function ownBytes(view: ArrayBufferView): ArrayBufferView<ArrayBuffer> {
  if (types.isSharedArrayBuffer(view.buffer)) throw new Refusal("SharedArrayBuffer", "its memory is shared");
  if (view.buffer.detached) throw new Refusal("ArrayBuffer", "its bytes were transferred away");
  return view as ArrayBufferView<ArrayBuffer>;
}

function fixed(buffer: ArrayBuffer): ArrayBuffer {
  if (buffer.detached) throw new Refusal("ArrayBuffer", "its bytes were transferred away");
  if (buffer.resizable) throw new Refusal("ArrayBuffer", "an ArrayBuffer that can be resized would lose that");
  return buffer;
}

function notRestorable(value: object): Refusal {
  const type = typeName(value);
  if (typeof (value as { then?: unknown }).then === "function") {
    return new Refusal(type, `${withArticle(type)} has no value before it is awaited`);
  }
  if ("readableObjectMode" in value && value.readableObjectMode === true) {
    const hint = "return the values themselves, or a stream of bytes";
    return new Refusal(type, `${withArticle(type)} in object mode gives values, not bytes`, { hint });
  }
  if (["Readable", "ReadStream", "IncomingMessage", "ReadableStream", "Blob", "File"].includes(type)) {
    const hint = "return the stream itself as the result";
    return new Refusal(type, `${withArticle(type)} can be stored as a result, but not inside one`, { hint });
  }
  return new Refusal(type, `${withArticle(type)} is an instance of a class, which could not be restored`);
}
