import { ConfigurationError } from "../../kernel/errors.ts";
import { checkOptionNames } from "../../kernel/option-names.ts";

/** What a confirmed write survives: the death of the process, or a loss of power too. */
export type Durability = "process" | "power";

/**
 * The durability that the options of a storage on this machine ask for: `"process"` where they say nothing.
 *
 * @param who whose options they are, for errors: `fileStorage()`
 * @throws {ConfigurationError} `OXBOW_OPTION_UNKNOWN` for another option, `OXBOW_OPTION_INVALID` for another durability
 */
export function durabilityOf(options: { readonly durability?: Durability }, who: string): Durability {
  checkOptionNames(options, ["durability"], who);
  const { durability = "process" } = options;
  if (durability === "process" || durability === "power") return durability;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: ${JSON.stringify(durability)} is no durability`, {
    hint: 'it is "process" or "power"',
  });
}
