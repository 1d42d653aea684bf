/*
 * DESIGN. A format says how bytes were made, from the outside in: `gzip(json)`, `encrypted:3fa8…(gzip(items(json)))`.
 *
 *   format = name [":" argument] ["(" format ")"]
 *
 * The innermost part turns a value into bytes; what is around it changes bytes into others. `items(…)` is an innermost
 * part: what is inside it writes the items, not the stream.
 */

/** One layer of a format. */
export interface Layer {
  readonly name: string;
  /** What stands behind the colon. */
  readonly argument: string | undefined;
  /** The format in the parentheses. */
  readonly inside: string | undefined;
}

const layer = /^([^():\s]+)(?::([^():\s]*))?(?:\((.*)\))?$/;

/** The outermost layer of a format; `undefined` for a text that is no format. */
export function layerOf(format: string): Layer | undefined {
  const [, name, argument, inside] = layer.exec(format) ?? [];
  return name === undefined ? undefined : { name, argument, inside };
}

/** The part of a format that makes bytes out of a value: `json` of `gzip(json)`. */
export function innermostOf(format: string): string {
  let inner = format;
  for (let next = layerOf(inner); next?.inside !== undefined && next.name !== "items"; next = layerOf(inner)) {
    inner = next.inside;
  }
  return inner;
}

/** The same layers around something else: `gzip(json)` and `readable` give `gzip(readable)`. */
export function withInnermost(format: string, innermost: string): string {
  const { name, inside } = layerOf(format) ?? {};
  if (inside === undefined || name === "items") return innermost;
  return `${format.slice(0, format.indexOf("("))}(${withInnermost(inside, innermost)})`;
}

/** Whether a format is that of a stream of bytes, by its innermost part. */
export function isOfStream(format: string): boolean {
  const inner = innermostOf(format);
  return inner === "readable" || inner === "web-stream" || inner === "blob" || layerOf(inner)?.name === "items";
}
