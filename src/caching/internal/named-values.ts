/* What INPUTS and FLOW_PARAMETERS have in common: a record of values by name becomes components by name. */
import { isPromise, quiet, type Awaitable } from "../../kernel/awaitable.ts";
import { encode, hashText } from "../../hashing/encode.ts";
import type { Component, Selection } from "../cache-policy.ts";

// A longer text stands in the key by its digest, so that keys and the memory tier stay small.
const longestText = 1024;

// Components are parted by control characters: a name must not bring its own.
const controls = /[\u0000-\u001f]/;

/**
 * The components of named values, in the order of their names; those of `selection` only.
 *
 * @param prefix names the components: `inputs.url`
 * @param path names the values in a refusal: `args.url`
 */
export function namedComponents(
  prefix: string,
  path: string,
  values: Readonly<Record<string, unknown>>,
  selection: Selection,
): Awaitable<readonly Component[]> {
  const names = Object.keys(values);
  if (names.length > 1) names.sort();
  const components: Array<Awaitable<Component>> = [];
  let waiting = false;
  for (const name of names) {
    if (!isSelected(name, selection)) continue;
    const text = encode(values[name], `${path}.${name}`);
    const label = `${prefix}.${controls.test(name) ? JSON.stringify(name) : name}`;
    if (isPromise(text)) {
      waiting = true;
      components.push(quiet(text.then((read) => shorten(label, read))));
    } else {
      components.push(shorten(label, text));
    }
  }
  return waiting ? Promise.all(components) : (components as Component[]);
}

function shorten(label: string, text: string): Component {
  // A canonical text is JSON and never begins with "#".
  return [label, text.length > longestText ? `#${hashText(text)}` : text];
}

function isSelected(name: string, { omit, pick }: Selection): boolean {
  return !(omit?.includes(name) ?? false) && (pick?.includes(name) ?? true);
}

/** What two selections leave together: all that either omits is omitted, and only what both pick is kept. */
export function joinSelections(left: Selection, right: Selection): Selection {
  const omit = [...new Set([...(left.omit ?? []), ...(right.omit ?? [])])].sort();
  const pick =
    left.pick && right.pick ? left.pick.filter((name) => right.pick!.includes(name)) : (left.pick ?? right.pick);
  return { ...(omit.length > 0 && { omit }), ...(pick && { pick }) };
}
