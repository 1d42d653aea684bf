import { withScope } from "../engine/scope.ts";
import { services } from "../defaults.ts";
import type { SettingsOverrides } from "../settings/settings.ts";

/**
 * Runs a function with settings of its own; they hold for all runs that begin inside it, and for nothing else.
 *
 * @throws {ConfigurationError} for a setting that is unknown or has a value that it cannot have
 * @example
 * await withSettings({ tasks: { refreshCache: true } }, async () => { /* tasks recompute here *\/ });
 */
export function withSettings<T>(settings: SettingsOverrides, fn: () => T): T {
  return withScope(services, { settings }, fn);
}
