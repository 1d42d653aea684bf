import { sha256 } from "./sha256.ts";
import { syntaxOf } from "./function-syntax.ts";

/** The digest of a function's code, or why there is none. */
export type SourceDigest = { readonly digest: string } | { readonly unavailable: string };

const digests = new WeakMap<Function, SourceDigest>();

/**
 * The digest of a function's own code: 64 hexadecimal digits. Comments, white space, quotes, semicolons, trailing
 * commas and parentheses do not count, because what is hashed is the syntax tree; everything else does, names too.
 * What the code refers to does not count.
 *
 * Code in a syntax that is too new for the parser is hashed as text: then formatting does count.
 */
export function sourceDigest(fn: Function): SourceDigest {
  let digest = digests.get(fn);
  if (!digest) digests.set(fn, (digest = makeDigest(fn)));
  return digest;
}

function makeDigest(fn: Function): SourceDigest {
  const syntax = syntaxOf(fn);
  if ("unavailable" in syntax) return syntax;
  if ("node" in syntax) {
    try {
      return { digest: sha256(`tree 1 ${canonical(syntax.node)}`) };
    } catch (error) {
      // Nested deeper than the stack.
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return { digest: sha256(`text 1 ${"text" in syntax ? syntax.text : Function.prototype.toString.call(fn)}`) };
}

type Fields = Readonly<Record<string, unknown>>;

// Positions, and the spelling of a literal.
const withoutMeaning = new Set(["start", "end", "loc", "range", "raw", "sourceFile"]);
const withKey = new Set(["Property", "MethodDefinition", "PropertyDefinition"]);

/** A syntax tree as text that two trees share only if they mean the same. What is `null` or `false` is left out. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.filter(counts).map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const node = value as Fields;
  if (node["type"] === "Literal") return literal(node);
  if (node["type"] === "TemplateElement") return JSON.stringify(["template", node["value"]]);
  const parts: string[] = [];
  for (const [field, part] of Object.entries(node)) {
    if (part === null || part === undefined || part === false || withoutMeaning.has(field)) continue;
    const written = field === "key" && withKey.has(String(node["type"])) ? key(node) : canonical(part);
    parts.push(`${JSON.stringify(field)}:${written}`);
  }
  return `{${parts.join(",")}}`;
}

/** `;;` does nothing. As the body of a loop it is no element of a list, and stays. */
function counts(element: unknown): boolean {
  return (element as { readonly type?: unknown } | null)?.type !== "EmptyStatement";
}

/** `0x10` and `16`, `"a"` and `'a'` are the same; `1`, `1n`, `"1"` are not. */
function literal(node: Fields): string {
  const { regex, value, bigint } = node;
  if (regex !== undefined) {
    const { pattern, flags } = regex as { readonly pattern: string; readonly flags: string };
    return JSON.stringify(["regex", pattern, flags]);
  }
  if (bigint !== undefined && bigint !== null) return JSON.stringify(["bigint", String(BigInt(bigint as string))]);
  return JSON.stringify([value === null ? "null" : typeof value, String(value)]);
}

/** `{ "a": 1 }` and `{ a: 1 }` name the same property. */
function key(node: Fields): string {
  const name = node["key"] as Fields;
  if (node["computed"] || name["type"] === "PrivateIdentifier") return canonical(name);
  return JSON.stringify(String(name["type"] === "Identifier" ? name["name"] : name["value"]));
}
