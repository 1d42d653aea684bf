import { createRequire } from "node:module";
import type * as acorn from "acorn";

/** What is known of the code of a function. */
export type FunctionSyntax =
  | { readonly node: acorn.AnyNode }
  /** Its text, where the text is of a newer syntax than the parser knows. */
  | { readonly text: string }
  /** Why it cannot be read. */
  | { readonly unavailable: string };

// Only who hashes code or asks for the names of parameters pays for the parser.
let parser: typeof acorn | undefined;
const load = (): typeof acorn => (parser ??= createRequire(import.meta.url)("acorn") as typeof acorn);

/**
 * Reads the code of a function.
 *
 * @returns the node of the function itself: a function, arrow function or class expression, or a property or method
 * definition whose `value` is the function
 */
export function syntaxOf(fn: Function): FunctionSyntax {
  const text = Function.prototype.toString.call(fn);
  // No code of a user ends like this: it would not be JavaScript.
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) {
    return { unavailable: fn.name.startsWith("bound ") ? "it is a bound function" : "it is native code" };
  }
  // As a module first: in a script `<!--` begins a comment, and code must not be taken for one.
  for (const sourceType of ["module", "script"] as const) {
    for (const wrap of wraps) {
      const node = wrap(text, sourceType);
      if (node) return { node };
    }
  }
  return { text };
}

/*
 * What stands in a class or an object cannot stand alone, so the text is tried in all three places. Each also allows
 * what the real surroundings allow and the text does not show: `super`, private names, `new.target`.
 */
const wraps: ReadonlyArray<(text: string, sourceType: "script" | "module") => acorn.AnyNode | undefined> = [
  (text, sourceType) => {
    const around = parse(`function () { (${text}\n) }`, sourceType);
    const statement = around?.type === "FunctionExpression" ? only(around.body.body) : undefined;
    return statement?.type === "ExpressionStatement" ? statement.expression : undefined;
  },
  (text, sourceType) => {
    const around = parse(`{ ${text}\n }`, sourceType);
    return around?.type === "ObjectExpression" ? only(around.properties) : undefined;
  },
  (text, sourceType) => {
    const around = parse(`class extends null { ${text}\n }`, sourceType);
    return around?.type === "ClassExpression" ? only(around.body.body) : undefined;
  },
];

function parse(expression: string, sourceType: "script" | "module"): acorn.Expression | undefined {
  const options: acorn.Options = {
    ecmaVersion: "latest",
    sourceType,
    allowSuperOutsideMethod: true,
    checkPrivateFields: false,
  };
  try {
    return load().parseExpressionAt(expression, 0, options);
  } catch (error) {
    // RangeError: nested deeper than the stack.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function only<T>(list: readonly T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}
