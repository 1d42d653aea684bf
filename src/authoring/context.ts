import { services } from "../defaults.ts";
import { loggerOf } from "../engine/run-context.ts";
import type { Logger } from "../logging/logger.ts";

export { getRunContext } from "../engine/run-context.ts";

/**
 * The logger of the innermost run: its lines are led by `Task run 'add-one-d85'`. Outside all runs it is led by `oxbow`.
 *
 * @example
 * const load = task("load", async (path: string) => {
 *   getLogger().info(`Loading ${path}`);
 * });
 */
export function getLogger(): Logger {
  return loggerOf(services);
}
