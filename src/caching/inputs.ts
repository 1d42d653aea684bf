import { isPromise, type Awaitable } from "../kernel/awaitable.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import type { Absent, Component, KeyContext, PolicyMember, Selection } from "./cache-policy.ts";
import { joinSelections, NamedValues } from "./internal/named-values.ts";

const named = new NamedValues("inputs", "args");

/** The member behind `INPUTS`: every argument of the call, by parameter name. */
export class InputsMember implements PolicyMember {
  readonly kind = "inputs";
  readonly selection: Selection;

  constructor(selection: Selection = {}) {
    this.selection = selection;
  }

  contribute({ inputs }: KeyContext): Awaitable<readonly Component[] | Absent> {
    const components = named.components(inputs, this.selection);
    return isPromise(components) ? components.then(orNone) : orNone(components);
  }

  select(selection: Selection): InputsMember {
    return new InputsMember(joinSelections(this.selection, selection));
  }

  merge(other: PolicyMember): PolicyMember {
    return new InputsMember(joinSelections(this.selection, (other as InputsMember).selection));
  }

  checkNames(parameters: () => { readonly names: readonly string[]; readonly open: boolean }, taskName: string): void {
    const chosen = [...(this.selection.omit ?? []), ...(this.selection.pick ?? [])];
    if (chosen.length === 0) return;
    const { names, open } = parameters();
    const unknown = open ? undefined : chosen.find((name) => !names.includes(name));
    if (unknown === undefined) return;
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      `Task "${taskName}" has no parameter "${unknown}" to omit or pick`,
      {
        hint:
          names.length > 0
            ? `it has ${names.map((each) => `"${each}"`).join(", ")}`
            : "its function takes no parameters",
      },
    );
  }
}

const none: Absent = { absent: "the call has no inputs to make a key of" };

function orNone(components: readonly Component[]): readonly Component[] | Absent {
  return components.length > 0 ? components : none;
}
