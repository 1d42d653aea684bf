import { ConfigurationError } from "./errors.ts";
import { nearest } from "./suggest.ts";

/**
 * Checks the names of options, for those who have no types to do it.
 *
 * @param where what the options are of, as the error names it: `Task "load"`
 * @throws {ConfigurationError} `OXBOW_OPTION_UNKNOWN` for the first name that is not known, with the one that was probably meant
 */
export function checkOptionNames(options: object, known: readonly string[], where: string): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    throw new ConfigurationError("OXBOW_OPTION_UNKNOWN", `${where} has no option "${name}"`, {
      hint: meant ? `did you mean "${meant}"?` : `the options are ${known.join(", ")}`,
    });
  }
}
