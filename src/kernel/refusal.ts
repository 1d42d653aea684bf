/** What a value is, for people: `function`, `symbol`, `Promise`, `Socket`, or the name of its class. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  try {
    const { constructor } = value;
    const name: unknown = typeof constructor === "function" ? constructor.name : "";
    return typeof name === "string" && name !== "" ? name : "object";
  } catch {
    return "object";
  }
}

/** `a Socket`, `an EventEmitter`. */
export function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? "an" : "a"} ${noun}`;
}

/** The way from a value to one of its members: `.name`, `[3]` or `["odd key"]`. */
export function segmentOf(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** What a {@link Refusal} knows beside its reason. */
export interface RefusalOptions {
  /** What was thrown while the value was read. */
  readonly cause?: unknown;
  /** Whether the value's own class is what stands in the way, so that a change of that class would help. */
  readonly ofClass?: boolean;
  /** What the reader can do about this one, where it is not the usual. */
  readonly hint?: string;
}

/**
 * A part of a value that cannot be encoded. It is thrown where the part sits, and every level that it passes
 * adds its own step to the path: nothing is kept for a path while nothing is refused.
 */
export class Refusal extends Error {
  /** What the part is, for example `function` or `Socket`. */
  readonly valueType: string;
  /** Whether a change of the part's class would help. */
  readonly ofClass: boolean;
  readonly hint: string | undefined;
  readonly #inwards: string[] = [];

  constructor(valueType: string, reason: string, options: RefusalOptions = {}) {
    super(reason, "cause" in options ? { cause: options.cause } : {});
    this.name = "Refusal";
    this.valueType = valueType;
    this.ofClass = options.ofClass ?? false;
    this.hint = options.hint;
  }

  /** What was thrown on the way through `key`, as a refusal that knows of this step. */
  static through(error: unknown, segment: string): Refusal {
    const refusal = Refusal.of(error);
    refusal.#inwards.push(segment);
    return refusal;
  }

  /** Anything that was thrown while a value was read, as a refusal. */
  static of(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    if (error instanceof RangeError && /call stack/i.test(error.message)) {
      return new Refusal("object", "it is nested too deeply", { cause: error });
    }
    if (error instanceof RangeError && /string length/i.test(error.message)) {
      return new Refusal("object", "its text would be longer than a string can be", { cause: error });
    }
    return new Refusal("unreadable", `reading it threw ${show(error)}`, { cause: error });
  }

  /** The whole path, for a value that is itself called `root`. */
  path(root: string): string {
    const steps = this.#inwards.toReversed();
    // Of a path through a thousand levels nobody reads the middle.
    if (steps.length > 40) steps.splice(20, steps.length - 30, "[…]");
    const path = root + steps.join("");
    return root === "" && path.startsWith(".") ? path.slice(1) : path;
  }
}

function show(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "something that cannot be shown";
  }
}
