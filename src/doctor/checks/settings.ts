import { dirname } from "node:path";
import { messageOf } from "../../kernel/errors.ts";
import { checkEnvNames, takeSnapshot } from "../../settings/environment.ts";
import { type Layer, layerOf, valueOf } from "../../settings/layer.ts";
import { path } from "../../settings/parse.ts";
import { profileLayer, type Profiles, readProfiles } from "../../settings/profiles.ts";
import { projectFiles } from "../../settings/project-files.ts";
import { settingByEnvName } from "../../settings/schema.ts";
import { describeSettings, loadSettings } from "../../settings/settings.ts";
import type { Check, CheckContext } from "../check.ts";
import { failure, type Found, pass, warn } from "../finding.ts";

/** Every source of settings by itself, so that one that is broken hides no other; then what holds, and why. */
export const settings: Check = {
  name: "settings",
  withoutSettings: true,
  async *run(context) {
    const said = new Set<string>();
    const reader = new Reader(context, said);
    const layers = reader.layers();
    const profiles = reader.attempt(() => readProfiles(homeOf(layers)));
    yield* reader.found;
    let active: string;
    try {
      active = loadSettings(context.overrides).profile;
    } catch (error) {
      if (!said.has(messageOf(error))) yield failure("settings", error);
      return;
    }
    yield* whatHolds(context);
    if (profiles === undefined) return;
    yield* otherProfiles(profiles, active);
    yield* disagreements(layers, profileLayer(profiles, active), active);
  },
};

/** Reads the sources one by one; what is wrong with one is a finding. */
class Reader {
  readonly found: Found[] = [];
  readonly #context: CheckContext;
  readonly #said: Set<string>;

  constructor(context: CheckContext, said: Set<string>) {
    this.#context = context;
    this.#said = said;
  }

  /** All but the profiles, the most important first, as far as they can be read. */
  layers(): readonly Layer[] {
    const { cwd } = takeSnapshot();
    const files = projectFiles.map((read) => this.attempt(() => read(cwd)));
    const layers = [this.#environment(cwd), ...files].filter((layer) => layer !== undefined);
    for (const layer of layers) this.#values(layer);
    return layers;
  }

  attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const message = messageOf(error);
      if (!this.#said.has(message)) this.found.push(failure("settings", error));
      this.#said.add(message);
      return undefined;
    }
  }

  #environment(cwd: string): Layer | undefined {
    const { env } = this.#context.machine;
    const source = "the environment";
    for (const name of Object.keys(env)) this.attempt(() => checkEnvNames([name], source));
    const set = [...settingByEnvName.keys()].flatMap((name) => (env[name] ? [[name, env[name]] as const] : []));
    return this.attempt(() => layerOf(source, cwd, Object.fromEntries(set)));
  }

  #values(layer: Layer): void {
    for (const [name, entry] of layer.entries) this.attempt(() => valueOf(name, entry, layer, ""));
  }
}

function homeOf(layers: readonly Layer[]): string {
  for (const layer of layers) {
    const entry = layer.entries.get("home");
    if (typeof entry?.raw === "string") return path(entry.raw, { base: layer.base, home: "" });
  }
  return path("~/.oxbow", { base: "/", home: "" });
}

function* whatHolds({ overrides, machine }: CheckContext): Generator<Found> {
  let set = 0;
  for (const { name, value, source } of describeSettings(overrides)) {
    if (source === "default") continue;
    set += 1;
    yield pass(name, `${typeof value === "string" ? value : JSON.stringify(value)}, from ${source}`);
  }
  if (set === 0) yield pass("settings", "all have their defaults");
  if (machine.env["OXBOW_BLOCKS_KEY"]) yield pass("OXBOW_BLOCKS_KEY", "the key of the blocks is from the environment");
}

/** Those that are not used may be of another release: they are named, and stop nothing. */
function* otherProfiles(profiles: Profiles, active: string): Generator<Found> {
  const names = [...profiles.profiles.keys()];
  if (names.length > 1)
    yield pass("profile", `"${active}" is active; there are ${names.map((name) => `"${name}"`).join(", ")}`);
  for (const name of names) {
    if (name === active) continue;
    try {
      const layer = profileLayer(profiles, name);
      for (const [setting, entry] of layer.entries) valueOf(setting, entry, layer, dirname(profiles.path));
    } catch (error) {
      yield warn(`profile "${name}"`, messageOf(error), "repair it before it is used");
    }
  }
}

/** A process of the same machine with another environment does otherwise than this one. */
function* disagreements(layers: readonly Layer[], profile: Layer, active: string): Generator<Found> {
  for (const [name, { raw }] of profile.entries) {
    const over = layers.find((layer) => layer.entries.has(name));
    const entry = over?.entries.get(name);
    if (over === undefined || entry === undefined || String(entry.raw) === String(raw)) continue;
    yield warn(
      name,
      `${over.source} says ${JSON.stringify(entry.raw)} and goes before profile "${active}", which says ${JSON.stringify(raw)}`,
      `remove ${entry.written} from ${over.source}, or the setting from the profile; processes that do not have both use another value`,
    );
  }
}
