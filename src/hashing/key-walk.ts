import { EventEmitter } from "node:events";
import { types } from "node:util";
import { hasSymbolFields, isError, ownFieldsOf } from "../kernel/built-ins.ts";
import type { Layout } from "../kernel/object-layout.ts";
import { messageOf } from "../kernel/errors.ts";
import { Refusal, typeName, withArticle } from "../kernel/refusal.ts";
import { TaggedWalk, type WalkRules } from "../kernel/tagged-json.ts";
import { classNameOf, hiddenState } from "./class-state.ts";
import { FileInput, fileDigest, fileStamp, streamDigest } from "./file-input.ts";
import { asBlob, type BuiltIn, leafOf, registeredName, timeOf } from "./special-values.ts";
import { cacheKeySymbol, chosenState } from "./stabilizers.ts";

/** A part whose content has to be read before the key is known. */
export interface Unread {
  readonly part: object;
  readonly read: () => Promise<string>;
}

/** A content that was read: its digest, or why it could not be read. */
export type Content = string | { readonly failure: unknown };

const rules: WalkRules = { sortKeys: true, exact: false, once: false, layouts: [] as Layout[] };

/** The walk that makes the text of a cache key. */
export class KeyWalk extends TaggedWalk {
  /** What has to be read; the tree counts for nothing unless this is empty. */
  unread: Unread[] | undefined = undefined;
  private readonly contents: ReadonlyMap<object, Content> | undefined;

  constructor(contents: ReadonlyMap<object, Content> | undefined) {
    super(rules);
    this.contents = contents;
  }

  protected override special(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "undefined":
        return { "~undefined": 0 };
      case "number":
        return { "~number": `${value}` };
      case "bigint":
        return { "~bigint": `${value}` };
      case "symbol":
        return { "~symbol": registeredName(value) };
      case "function":
        throw new Refusal("function", "a function cannot be compared with another");
      default:
        return this.ofSpecial(value as object, depth);
    }
  }

  protected override isIrregular(value: { readonly toJSON?: unknown; readonly [cacheKeySymbol]?: unknown }): boolean {
    return typeof value.toJSON === "function" || value[cacheKeySymbol] !== undefined;
  }

  protected override irregular(value: object, depth: number): unknown {
    const state = chosenState(value);
    if (state !== undefined) return this.ofChosen(value, state, depth);
    return this.child(undefined, (value as { toJSON(key: string): unknown }).toJSON(""), ".toJSON()", depth);
  }

  protected override cycle(levels: number): unknown {
    return { "~up": levels };
  }

  private ofSpecial(value: object, depth: number): unknown {
    const state = chosenState(value);
    if (state !== undefined) return this.ofChosen(value, state, depth);
    if (Object.getPrototypeOf(value) === Date.prototype && Object.keys(value).length === 0)
      return { "~Date": timeOf(value as Date) };
    if (value instanceof FileInput) return { "~FileInput": this.ofFileInput(value) };
    const builtIn = leafOf(value) ?? this.containerOf(value, depth) ?? this.blobOf(value);
    return builtIn === undefined ? this.ofInstance(value, depth) : this.ofBuiltIn(value, builtIn, depth);
  }

  private ofChosen(value: object, state: () => unknown, depth: number): unknown {
    const chosen = state();
    if (chosen === value) throw new Refusal(typeName(value), "what it gave as its state is itself", { ofClass: true });
    return {
      "~chosen": [classNameOf(value), this.child(undefined, chosen, `[Symbol.for("oxbow.cacheKey")]()`, depth)],
    };
  }

  private ofBuiltIn(value: object, { name, prototype, tree }: BuiltIn, depth: number): unknown {
    const className = classNameOf(value);
    const keys = Array.isArray(value) ? [] : ownFieldsOf(value);
    if (className !== name) refuseHidden(value, prototype);
    else if (keys.length === 0) return tree;
    return { "~instance": [className, tree, this.child(value, pick(value, keys), "", depth)] };
  }

  private ofInstance(value: object, depth: number): unknown {
    const { toJSON, then } = value as { toJSON?: (key: string) => unknown; then?: unknown };
    if (typeof toJSON === "function") {
      return { "~toJSON": [classNameOf(value), this.child(undefined, toJSON.call(value, ""), ".toJSON()", depth)] };
    }
    if (typeof then === "function") throw unhashable(value, "has no value before it is awaited");
    if (value instanceof EventEmitter || value instanceof EventTarget)
      throw unhashable(value, "has state that cannot be seen");
    if (Object.keys(value).length === 0) throw unhashable(value, "has state that cannot be seen");
    refuseHidden(value, undefined);
    return { "~class": [classNameOf(value), this.fields(value, depth, true)] };
  }

  private containerOf(value: object, depth: number): BuiltIn | undefined {
    if (types.isMap(value))
      return { name: "Map", prototype: Map.prototype, tree: { "~Map": this.ofMap(value, depth) } };
    if (types.isSet(value))
      return { name: "Set", prototype: Set.prototype, tree: { "~Set": this.ofSet(value, depth) } };
    if (Array.isArray(value)) {
      return {
        name: "Array",
        prototype: Array.prototype,
        tree: { "~Array": [value.length, this.fields(value, depth, true)] },
      };
    }
    if (!isError(value)) return undefined;
    const { name, message } = value;
    const details = {
      name,
      message,
      ...pick(
        value,
        ["cause", "errors"].filter((key) => Object.hasOwn(value, key)),
      ),
    };
    return { name: "Error", prototype: Error.prototype, tree: { "~Error": this.child(value, details, "", depth) } };
  }

  private ofMap(map: ReadonlyMap<unknown, unknown>, depth: number): readonly unknown[] {
    let index = 0;
    return inOrder(
      Array.from(Map.prototype.entries.call(map), ([key, value]) => [
        this.child(map, key, `.keys()[${index++}]`, depth),
        this.child(
          map,
          value,
          typeof key === "string" ? `.get(${JSON.stringify(key)})` : `.values()[${index - 1}]`,
          depth,
        ),
      ]),
    );
  }

  private ofSet(set: ReadonlySet<unknown>, depth: number): readonly unknown[] {
    let index = 0;
    return inOrder(
      Array.from(Set.prototype.values.call(set), (item) => this.child(set, item, `.values()[${index++}]`, depth)),
    );
  }

  private ofFileInput(file: FileInput): unknown {
    if (file.by === "content") return this.contentOf(file, () => fileDigest(file.path));
    try {
      return fileStamp(file.path);
    } catch (error) {
      throw unread(file, error);
    }
  }

  private blobOf(value: object): BuiltIn | undefined {
    const blob = asBlob(value);
    if (blob === undefined) return undefined;
    const content = this.contentOf(blob, () => streamDigest(blob.stream()));
    const { type, size } = blob;
    if (!(blob instanceof File))
      return { name: "Blob", prototype: Blob.prototype, tree: { "~Blob": [type, size, content] } };
    return { name: "File", prototype: File.prototype, tree: { "~File": [type, size, content, blob.name] } };
  }

  private contentOf(part: object, read: () => Promise<string>): string {
    const content = this.contents?.get(part);
    if (typeof content === "string") return content;
    if (content !== undefined) throw unread(part, content.failure);
    (this.unread ??= []).push({ part, read });
    return "";
  }
}

/** Trees in an order that does not depend on how they were found. */
function inOrder(trees: readonly unknown[]): readonly unknown[] {
  if (trees.every((tree) => typeof tree === "string")) return trees.toSorted();
  const texts = trees.map((tree) => ({ tree, text: JSON.stringify(tree) }));
  texts.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  return texts.map(({ tree }) => tree);
}

function pick(value: object, keys: readonly string[]): object {
  return Object.fromEntries(keys.map((key) => [key, (value as Record<string, unknown>)[key]]));
}

function refuseHidden(value: object, builtIn: object | undefined): void {
  const reason = hiddenState(value, builtIn);
  if (reason !== "") throw unhashable(value, reason);
  if (builtIn === undefined && hasSymbolFields(value)) throw unhashable(value, "keeps state under symbols");
}

function unread(part: object, cause: unknown): Refusal {
  return new Refusal(typeName(part), `its content cannot be read: ${messageOf(cause)}`, { cause });
}

function unhashable(value: object, reason: string): Refusal {
  const type = typeName(value);
  return new Refusal(type, `${withArticle(type)} ${reason}`, { ofClass: true });
}
