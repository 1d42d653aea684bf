import { ConfigurationError } from "./errors.ts";

/**
 * How a storage or a lock manager could be made again: what a block saves. Nothing in it is alive: a client or a pool that
 * the caller made cannot be saved, and what was made of it has no configuration.
 */
export interface Configuration {
  /** `s3`, `redis`, `sqlite`, …: the driver. */
  readonly type: string;
  /** What its factory was called with: plain data, `{{ env.NAME }}` as it was written. */
  readonly args: readonly unknown[];
  /** Which parts of `args` are secret, by path: `0.credentials.secretAccessKey`, or `0` for a URL with a password. @default [] */
  readonly secrets?: readonly string[];
}

/**
 * The same configuration, whose arguments nothing shows that prints or copies it as a whole: `inspect`, `console.log`,
 * `JSON.stringify`. Who reads `args` gets them.
 */
export function discreet(configuration: Configuration | undefined): Configuration | undefined {
  if (configuration === undefined) return undefined;
  const value = (): object => ({ type: configuration.type, args: "********" });
  return Object.defineProperties({ ...configuration }, { toJSON: { value }, [inspectCustom]: { value } });
}

const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

const reference = /\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;

/**
 * Plain data with every `{{ env.NAME }}` in its strings replaced by that environment variable; anything that is not plain
 * data is left as it is.
 *
 * @param who whose options these are, for the error: `s3Storage()`
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where a variable is not set
 */
export function resolveReferences<T>(value: T, who: string): T {
  return resolved(value, who) as T;
}

function resolved(value: unknown, who: string): unknown {
  if (typeof value === "string") return value.replace(reference, (_, name: string) => variable(name, who));
  if (Array.isArray(value)) return value.map((each) => resolved(each, who));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolved(each, who)]));
}

function variable(name: string, who: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== "") return value;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: the environment variable ${name} is not set`, {
    hint: `its options name it as {{ env.${name} }}`,
  });
}
