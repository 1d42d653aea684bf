import { Refusal } from "../../kernel/refusal.ts";

/** The error classes that can be restored by their name. */
const makers: ReadonlyMap<string, () => Error> = new Map<string, () => Error>([
  ["AggregateError", () => new AggregateError([])],
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    (ErrorClass) => [ErrorClass.name, () => new ErrorClass()] as const,
  ),
]);

/** The fields that do not show where JavaScript itself sets them. */
const hiddenNames = ["message", "stack", "cause", "errors"];

type Fields = Record<string, unknown>;

/** An error's fields: those that do not show, and those that do. */
export interface ErrorFields {
  readonly hidden: Readonly<Fields>;
  readonly shown: Readonly<Fields>;
}

/** Takes an error apart. */
export function fieldsOf(error: Error): ErrorFields {
  const hidden: [string, unknown][] = [];
  const shown: [string, unknown][] = [];
  for (const name of Object.getOwnPropertyNames(error)) {
    const isShown = Object.prototype.propertyIsEnumerable.call(error, name);
    if (!isShown && !hiddenNames.includes(name)) throw new Refusal("Error", `its hidden field "${name}" would be lost`);
    (isShown ? shown : hidden).push([name, (error as unknown as Fields)[name]]);
  }
  return { hidden: Object.fromEntries(hidden), shown: Object.fromEntries(shown) };
}

/** An error of its class and fields; `undefined` where there is no such class or no such fields. */
export function errorOf(className: string, { hidden, shown }: ErrorFields): Error | undefined {
  const error = makers.get(className)?.();
  if (error === undefined || !Object.keys(hidden).every((name) => hiddenNames.includes(name))) return undefined;
  for (const name of Object.getOwnPropertyNames(error)) delete (error as unknown as Fields)[name];
  define(error, hidden, false);
  define(error, shown, true);
  return error;
}

function define(error: Error, fields: Readonly<Fields>, enumerable: boolean): void {
  for (const name of Object.keys(fields)) {
    Object.defineProperty(error, name, { value: fields[name], enumerable, writable: true, configurable: true });
  }
}
