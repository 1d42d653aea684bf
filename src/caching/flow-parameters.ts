import type { PolicyMember, Selection } from "./cache-policy.ts";
import { NamedMember, namedSource } from "./internal/named-values.ts";

const source = namedSource(
  "flow-parameters",
  "parameters",
  "parameters",
  "there is no flow with parameters around the call",
  ({ flowParameters }) => flowParameters,
);

/** The member behind `FLOW_PARAMETERS`: what the surrounding flow was called with. */
export class FlowParametersMember extends NamedMember<"flow-parameters"> {
  constructor(selection: Selection = {}) {
    super(source, selection);
  }

  protected with(selection: Selection): PolicyMember {
    return new FlowParametersMember(selection);
  }
}
