import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import type { Absent, Component, KeyContext, PolicyMember, Selection } from "./cache-policy.ts";
import { joinSelections, NamedValues } from "./internal/named-values.ts";

const none: Absent = { absent: "there is no flow with parameters around the call" };

const named = new NamedValues("parameters", "parameters");

/** The member behind `FLOW_PARAMETERS`: what the surrounding flow was called with. */
export class FlowParametersMember implements PolicyMember {
  readonly kind = "flow-parameters";
  readonly selection: Selection;

  constructor(selection: Selection = {}) {
    this.selection = selection;
  }

  contribute({ flowParameters }: KeyContext): Awaitable<readonly Component[] | Absent> {
    if (!flowParameters) return none;
    return andThen(named.components(flowParameters, this.selection), (components) =>
      components.length > 0 ? components : none,
    );
  }

  select(selection: Selection): FlowParametersMember {
    return new FlowParametersMember(joinSelections(this.selection, selection));
  }

  merge(other: PolicyMember): PolicyMember {
    return new FlowParametersMember(joinSelections(this.selection, (other as FlowParametersMember).selection));
  }
}
