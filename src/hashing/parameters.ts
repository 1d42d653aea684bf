/*
 * DESIGN. Inputs have the names of the function's parameters, so the function's code is read. What is filled in for a
 * missing argument is what the function would fill in, where that is known from the code alone: then `f(1)`,
 * `f(1, undefined)` and `f(1, false)` are the same call. A default that has to be computed is left to the function.
 */
import type * as acorn from "acorn";
import { ConfigurationError } from "../kernel/errors.ts";
import { syntaxOf } from "./function-syntax.ts";
import { copyOf, literalValue, type Known } from "./literal-value.ts";

/** What is known of the parameters of a function. */
export interface Parameters {
  /** One name per argument; or one per key, where the one parameter is an object taken apart. */
  readonly kind: "positional" | "destructured";
  /** The names of all inputs that can be known, that of the rest parameter last. */
  readonly names: readonly string[];
  /** The name of `...rest`, where arguments are positional. */
  readonly rest?: string | undefined;
  /** Whether there may be inputs of other names: the object is taken apart with a rest, or the code cannot be read. */
  readonly open: boolean;
  /** By name: the default, or `undefined` where it is not a literal. */
  readonly defaults: ReadonlyMap<string, Known | undefined>;
  /** The default of the object that is taken apart: `({ a } = {})`. */
  readonly objectDefault?: Known | undefined;
}

/** The parameters of a function, read from its code. */
export function parametersOf(fn: Function): Parameters {
  const syntax = syntaxOf(fn);
  const params = "node" in syntax ? paramsOf(syntax.node) : undefined;
  if (!params) return { kind: "positional", names: [], open: true, defaults: new Map() };
  const [only] = params;
  if (only && params.length === 1) {
    const [pattern, objectDefault] = only.type === "AssignmentPattern" ? [only.left, literalValue(only.right)] : [only];
    if (pattern.type === "ObjectPattern") return { ...keysOf(pattern), objectDefault };
  }
  return positional(params);
}

/**
 * Parameters by names that the user gave, for code whose own names are of no use. There are no defaults.
 *
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` for a name that is empty or there twice
 */
export function parametersFromNames(names: readonly string[]): Parameters {
  const wrong = names.find((name, index) => typeof name !== "string" || name === "" || names.indexOf(name) !== index);
  if (wrong === undefined) return { kind: "positional", names: [...names], open: false, defaults: new Map() };
  const problem =
    typeof wrong === "string" && wrong !== ""
      ? `names "${wrong}" twice`
      : `holds ${JSON.stringify(wrong)}, which is no name`;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `The option params ${problem}`, {
    hint: "give each parameter a name of its own",
  });
}

function paramsOf(node: acorn.AnyNode): readonly acorn.Pattern[] | undefined {
  switch (node.type) {
    case "ArrowFunctionExpression":
    case "FunctionExpression":
      return node.params;
    case "Property":
    case "MethodDefinition":
      return paramsOf(node.value);
    default:
      return undefined;
  }
}

function positional(params: readonly acorn.Pattern[]): Parameters {
  const names: string[] = [];
  const defaults = new Map<string, Known | undefined>();
  let rest: string | undefined;
  for (const [index, param] of params.entries()) {
    const target =
      param.type === "AssignmentPattern" ? param.left : param.type === "RestElement" ? param.argument : param;
    const name = unusedName(target.type === "Identifier" ? target.name : `arg${index}`, names);
    names.push(name);
    if (param.type === "AssignmentPattern") defaults.set(name, literalValue(param.right));
    if (param.type === "RestElement") rest = name;
  }
  return { kind: "positional", names, rest, open: false, defaults };
}

function unusedName(name: string, used: readonly string[]): string {
  return used.includes(name) ? unusedName(`${name}_`, used) : name;
}

function keysOf(pattern: acorn.ObjectPattern): Parameters {
  const names: string[] = [];
  const defaults = new Map<string, Known | undefined>();
  let open = false;
  for (const property of pattern.properties) {
    const name = property.type === "Property" ? keyOf(property) : undefined;
    if (property.type !== "Property" || name === undefined) {
      open = true;
    } else if (!names.includes(name)) {
      names.push(name);
      if (property.value.type === "AssignmentPattern") defaults.set(name, literalValue(property.value.right));
    }
  }
  return { kind: "destructured", names, open, defaults };
}

function keyOf({ key, computed }: acorn.AssignmentProperty): string | undefined {
  if (computed) return undefined;
  if (key.type === "Identifier") return key.name;
  return key.type === "Literal" ? String(key.value) : undefined;
}

/**
 * The inputs of a call by name, as a plain object in the order of the parameters. A missing argument gets its literal
 * default; where there is none it is no input. Arguments beyond the parameters are called `args[2]`, by position.
 */
export function bindInputs(parameters: Parameters, args: readonly unknown[]): Record<string, unknown> {
  const inputs: Record<string, unknown> = {};
  if (parameters.kind === "destructured") {
    bindKeys(inputs, parameters, args[0]);
    bindFurther(inputs, args, 1);
    return inputs;
  }
  const { names, rest, defaults } = parameters;
  const count = rest === undefined ? names.length : names.length - 1;
  for (let index = 0; index < count; index++) {
    const name = names[index]!;
    const value = args[index];
    if (value !== undefined) put(inputs, name, value);
    else if (defaults.has(name)) putDefault(inputs, name, defaults.get(name));
    else if (index < args.length) put(inputs, name, undefined);
  }
  if (rest !== undefined) put(inputs, rest, args.slice(count));
  else bindFurther(inputs, args, count);
  return inputs;
}

function bindKeys(
  inputs: Record<string, unknown>,
  { names, defaults, objectDefault }: Parameters,
  given: unknown,
): void {
  const source = given === undefined && objectDefault ? copyOf(objectDefault) : given;
  // The function will refuse it, or take a default apart that cannot be known.
  if (source === undefined || source === null) return;
  const object = Object(source) as Record<string, unknown>;
  for (const name of names) {
    // As taking apart does, this sees what a class inherits.
    const value = object[name];
    if (value !== undefined) put(inputs, name, value);
    else if (defaults.has(name)) putDefault(inputs, name, defaults.get(name));
    else if (name in object) put(inputs, name, undefined);
  }
  const others = Object.keys(object).filter((name) => !names.includes(name));
  if (others.length > 1) others.sort();
  for (const name of others) put(inputs, name, object[name]);
}

function bindFurther(inputs: Record<string, unknown>, args: readonly unknown[], from: number): void {
  for (let index = from; index < args.length; index++) inputs[`args[${index}]`] = args[index];
}

function putDefault(inputs: Record<string, unknown>, name: string, known: Known | undefined): void {
  if (known) put(inputs, name, copyOf(known));
}

function put(inputs: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__")
    Object.defineProperty(inputs, name, { value, enumerable: true, configurable: true, writable: true });
  else inputs[name] = value;
}

/**
 * An argument list with inputs put back: what `bindInputs` made of `args`, after a schema has changed it. Inputs that
 * are no longer there are no longer passed.
 */
export function unbindInputs(
  parameters: Parameters,
  args: readonly unknown[],
  inputs: Readonly<Record<string, unknown>>,
): readonly unknown[] {
  const { kind, names, rest } = parameters;
  const count = kind === "destructured" ? 1 : rest === undefined ? names.length : names.length - 1;
  const further = args.slice(count).map((_, index) => `args[${count + index}]`);
  const list =
    kind === "destructured" ? [unbindKeys(args[0], further, inputs)] : unbindNames(names.slice(0, count), inputs);
  if (rest !== undefined) return inRest(list, count, own(inputs, rest));
  const last = further.findLastIndex((name) => Object.hasOwn(inputs, name));
  return last < 0
    ? list
    : inRest(
        list,
        count,
        further.slice(0, last + 1).map((name) => own(inputs, name)),
      );
}

function unbindNames(names: readonly string[], inputs: Readonly<Record<string, unknown>>): unknown[] {
  const last = names.findLastIndex((name) => Object.hasOwn(inputs, name));
  return names.slice(0, last + 1).map((name) => own(inputs, name));
}

function unbindKeys(given: unknown, further: readonly string[], inputs: Readonly<Record<string, unknown>>): unknown {
  const keys = Object.keys(inputs).filter((name) => !further.includes(name));
  // Nothing was passed and nothing is known: the function's own default, or its own refusal.
  if (keys.length === 0 && (given === undefined || given === null)) return given;
  const object: Record<string, unknown> = {};
  for (const name of keys) put(object, name, inputs[name]);
  return object;
}

function inRest(list: unknown[], count: number, rest: unknown): unknown[] {
  const further: unknown[] = Array.isArray(rest) ? rest : [];
  if (further.length === 0) return list;
  while (list.length < count) list.push(undefined);
  return [...list, ...further];
}

function own(inputs: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(inputs, name) ? inputs[name] : undefined;
}
