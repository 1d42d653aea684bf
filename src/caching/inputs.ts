import { ConfigurationError } from "../kernel/errors.ts";
import type { PolicyMember, Selection } from "./cache-policy.ts";
import { NamedMember, namedSource } from "./internal/named-values.ts";

const source = namedSource(
  "inputs",
  "inputs",
  "args",
  "the call has no inputs to make a key of",
  ({ inputs }) => inputs,
);

/** The member behind `INPUTS`: every argument of the call, by parameter name. */
export class InputsMember extends NamedMember<"inputs"> {
  constructor(selection: Selection = {}) {
    super(source, selection);
  }

  protected with(selection: Selection): PolicyMember {
    return new InputsMember(selection);
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
