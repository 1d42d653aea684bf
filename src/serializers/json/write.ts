import { hasSymbolFields } from "../../kernel/built-ins.ts";
import type { Layout } from "../../kernel/object-layout.ts";
import { Refusal, segmentOf } from "../../kernel/refusal.ts";
import { TaggedWalk, type WalkRules } from "../../kernel/tagged-json.ts";
import { builtInOf } from "../internal/built-in-kinds.ts";
import { fieldsOf } from "./errors.ts";
import { SegmentWriter } from "./segments.ts";

const rules: WalkRules = { sortKeys: false, exact: true, once: false, layouts: [] as Layout[] };

/** The walk that makes the text of a value; the tags are those that read.ts restores. */
export class JsonWalk extends TaggedWalk {
  readonly segments: SegmentWriter = new SegmentWriter();

  constructor() {
    super(rules);
  }

  protected override special(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "undefined":
        return { "~undefined": true };
      case "number":
        return { "~number": Object.is(value, -0) ? "-0" : `${value}` };
      case "bigint":
        return { "~bigint": `${value}` };
      case "symbol":
        throw new Refusal("symbol", "a symbol could not be restored");
      case "function":
        throw new Refusal("function", "a function could not be restored");
      default:
        return Object.getPrototypeOf(value) === null
          ? { "~nullPrototype": this.fields(value as object, depth, true) }
          : this.ofBuiltIn(value as object, depth);
    }
  }

  protected override isIrregular(value: { readonly toJSON?: unknown }): boolean {
    return typeof value.toJSON === "function" || hasSymbolFields(value);
  }

  protected override irregular(value: { readonly toJSON?: unknown }): unknown {
    const isMethod = typeof value.toJSON === "function";
    const refusal = isMethod
      ? new Refusal("function", "a function could not be restored")
      : new Refusal("symbol", "a key that is a symbol could not be restored");
    const symbol = Object.getOwnPropertySymbols(value)[0];
    throw Refusal.through(refusal, isMethod ? segmentOf("toJSON") : `[${String(symbol)}]`);
  }

  protected override cycle(): unknown {
    throw new Refusal("cycle", "it refers to an object that contains it", {
      hint: "structured() of oxbow/serializers keeps cycles",
    });
  }

  private ofBuiltIn(object: object, depth: number): unknown {
    const builtIn = builtInOf(object);
    switch (builtIn.kind) {
      case "Date": {
        const time = builtIn.value.getTime();
        return { "~Date": Number.isNaN(time) ? null : time };
      }
      case "RegExp":
        return { "~RegExp": [builtIn.value.source, builtIn.value.flags, builtIn.value.lastIndex] };
      case "URL":
        return { "~URL": builtIn.value.href };
      case "Map":
        return { "~Map": this.ofMap(builtIn.value, depth) };
      case "Set":
        return {
          "~Set": Array.from(builtIn.value, (item, index) => this.child(object, item, `.values()[${index}]`, depth)),
        };
      case "Error": {
        const { hidden, shown } = fieldsOf(builtIn.value);
        return {
          "~Error": [builtIn.name, this.child(object, hidden, "", depth), this.child(object, shown, "", depth)],
        };
      }
      case "ArrayBuffer":
        return { "~ArrayBuffer": this.segments.add(new Uint8Array(builtIn.value)) };
      case "view":
        return { [`~${builtIn.name}`]: this.segments.add(builtIn.value) };
      case "boxed":
        throw new Refusal("object", "an object around a primitive value could not be restored");
    }
  }

  private ofMap(map: ReadonlyMap<unknown, unknown>, depth: number): readonly unknown[] {
    return Array.from(map, ([key, value], index) => [
      this.child(map, key, `.keys()[${index}]`, depth),
      this.child(map, value, typeof key === "string" ? `.get(${JSON.stringify(key)})` : `.values()[${index}]`, depth),
    ]);
  }
}
