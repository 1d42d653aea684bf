import type * as acorn from "acorn";

/** A value that is known from the code alone. */
export interface Known {
  readonly value: unknown;
}

/** The value of a literal: `-1`, `"x"`, `[1, 2]`, `{ a: null }`; `undefined` for all other expressions. */
export function literalValue(node: acorn.Expression): Known | undefined {
  switch (node.type) {
    case "Literal":
      // Every call of a function makes a new regular expression.
      return node.regex ? undefined : { value: node.value };
    case "TemplateLiteral":
      return node.expressions.length === 0 ? { value: node.quasis[0]!.value.cooked } : undefined;
    case "Identifier":
      return names.has(node.name) ? { value: names.get(node.name) } : undefined;
    case "UnaryExpression":
      return unary(node);
    case "ArrayExpression":
      return array(node.elements);
    case "ObjectExpression":
      return object(node.properties);
    default:
      return undefined;
  }
}

const names: ReadonlyMap<string, unknown> = new Map([
  ["undefined", undefined],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
]);

/** `-1`, and what compressors write for `false` and `undefined`: `!1`, `void 0`. */
function unary({ operator, argument }: acorn.UnaryExpression): Known | undefined {
  const known = literalValue(argument);
  if (!known) return undefined;
  if (operator === "!") return { value: !known.value };
  if (operator === "void") return { value: undefined };
  if (operator === "-" && (typeof known.value === "number" || typeof known.value === "bigint"))
    return { value: -known.value };
  return operator === "+" && typeof known.value === "number" ? known : undefined;
}

function array(elements: acorn.ArrayExpression["elements"]): Known | undefined {
  const value: unknown[] = [];
  for (const element of elements) {
    const known = element && element.type !== "SpreadElement" ? literalValue(element) : undefined;
    if (!known) return undefined;
    value.push(known.value);
  }
  return { value };
}

function object(properties: acorn.ObjectExpression["properties"]): Known | undefined {
  const value: Record<string, unknown> = {};
  for (const property of properties) {
    if (property.type !== "Property" || property.kind !== "init" || property.computed || property.method)
      return undefined;
    const name =
      property.key.type === "Identifier"
        ? property.key.name
        : property.key.type === "Literal"
          ? String(property.key.value)
          : undefined;
    const known = literalValue(property.value);
    // `__proto__: x` sets no property.
    if (name === undefined || name === "__proto__" || !known) return undefined;
    value[name] = known.value;
  }
  return { value };
}

/** The value again, sharing nothing with the one before: what a call does with it stays in the call. */
export function copyOf({ value }: Known): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each: unknown) => copyOf({ value: each }));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copyOf({ value: each })]));
}
