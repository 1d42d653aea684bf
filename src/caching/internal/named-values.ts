/* What INPUTS and FLOW_PARAMETERS have in common: a record of values by name becomes components by name. */
import { isPromise, quiet, type Awaitable } from "../../kernel/awaitable.ts";
import { encode, hashText } from "../../hashing/encode.ts";
import type { Absent, Component, KeyContext, PolicyMember, Selection } from "../cache-policy.ts";

// A longer text stands in the key by its digest, so that keys and the memory tier stay small.
const longestText = 1024;

// Components are parted by control characters: a name that brings its own is quoted, and so is one that looks quoted.
const quoted = /[\u0000-\u001f]|^"/;

// Names come back with every call. Those of a task are few; those of open-ended objects must not pile up.
const mostNames = 10_000;

/** What a name is called: as a component of a key, and in a refusal. */
interface Label {
  /** `inputs.url` */
  readonly component: string;
  /** `args.url` */
  readonly path: string;
}

/** Turns records of named values into components. */
class NamedValues {
  readonly #prefix: string;
  readonly #path: string;
  readonly #labels = new Map<string, Label>();

  /**
   * @param prefix names the components: `inputs`
   * @param path names the values in a refusal: `args`
   */
  constructor(prefix: string, path: string) {
    this.#prefix = prefix;
    this.#path = path;
  }

  /** The components of named values, in the order of their names; those of `selection` only. */
  components(values: Readonly<Record<string, unknown>>, selection: Selection): Awaitable<readonly Component[]> {
    const names = Object.keys(values);
    if (names.length > 1) names.sort();
    const components: Array<Awaitable<Component>> = [];
    let waiting = false;
    for (const name of names) {
      if (!isSelected(name, selection)) continue;
      const label = this.#labels.get(name) ?? this.#label(name);
      const text = encode(values[name], label.path);
      if (isPromise(text)) {
        waiting = true;
        components.push(quiet(text.then((read) => shorten(label.component, read))));
      } else {
        components.push(shorten(label.component, text));
      }
    }
    return waiting ? Promise.all(components) : (components as Component[]);
  }

  #label(name: string): Label {
    const shown = quoted.test(name) ? JSON.stringify(name) : name;
    const label = { component: `${this.#prefix}.${shown}`, path: `${this.#path}.${shown}` };
    if (this.#labels.size >= mostNames) this.#labels.clear();
    this.#labels.set(name, label);
    return label;
  }
}

function shorten(label: string, text: string): Component {
  // A canonical text is JSON and never begins with "#".
  return [label, text.length > longestText ? `#${hashText(text)}` : text];
}

function isSelected(name: string, { omit, pick }: Selection): boolean {
  return !(omit !== undefined && omit.includes(name)) && (pick === undefined || pick.includes(name));
}

/** What tells one kind of named values from the other. */
export interface NamedSource<K extends string> {
  readonly kind: K;
  readonly values: NamedValues;
  /** Said where there is nothing to make a key of. */
  readonly none: Absent;
  read(context: KeyContext): Readonly<Record<string, unknown>> | undefined;
}

/**
 * @param prefix names the components: `inputs`
 * @param path names the values in a refusal: `args`
 */
export function namedSource<K extends string>(
  kind: K,
  prefix: string,
  path: string,
  absent: string,
  read: NamedSource<K>["read"],
): NamedSource<K> {
  return { kind, values: new NamedValues(prefix, path), none: { absent }, read };
}

/** A member whose components are values by name, of which some may be left out. */
export abstract class NamedMember<K extends string> implements PolicyMember {
  readonly kind: K;
  readonly selection: Selection;
  readonly #source: NamedSource<K>;

  constructor(source: NamedSource<K>, selection: Selection) {
    this.kind = source.kind;
    this.selection = selection;
    this.#source = source;
  }

  /** The same member with another selection. */
  protected abstract with(selection: Selection): PolicyMember;

  contribute(context: KeyContext): Awaitable<readonly Component[] | Absent> {
    const { values, none, read } = this.#source;
    const found = read(context);
    const components = found === undefined ? [] : values.components(found, this.selection);
    if (isPromise(components)) return components.then((ready) => (ready.length > 0 ? ready : none));
    return components.length > 0 ? components : none;
  }

  select(selection: Selection): PolicyMember {
    return this.with(joinSelections(this.selection, selection));
  }

  merge(other: PolicyMember): PolicyMember {
    return this.with(joinSelections(this.selection, (other as NamedMember<K>).selection));
  }
}

/** What two selections leave together: all that either omits is omitted, and only what both pick is kept. */
function joinSelections(left: Selection, right: Selection): Selection {
  const omit = [...new Set([...(left.omit ?? []), ...(right.omit ?? [])])].sort();
  const pick =
    left.pick && right.pick ? left.pick.filter((name) => right.pick!.includes(name)) : (left.pick ?? right.pick);
  return { ...(omit.length > 0 && { omit }), ...(pick && { pick }) };
}
