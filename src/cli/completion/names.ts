/* The names of the things that a command line can name. What cannot be read has none: a key that is pressed must not fail. */
import { loadSettings } from "../../settings/settings.ts";

const most = 50;

/** The names of all things of a kind, by the name that arguments of commands have. */
export async function namesOf(what: string): Promise<readonly string[]> {
  try {
    return (await finders[what]?.()) ?? [];
  } catch {
    return [];
  }
}

async function history(): Promise<import("../../history/run-store.ts").RunStore> {
  return (await import("../../defaults/history.ts")).historyOf(loadSettings());
}

async function settings(): Promise<readonly string[]> {
  return (await import("../../settings/schema.ts")).settingNames;
}

async function profiles(): Promise<readonly string[]> {
  const { readProfiles } = await import("../../settings/profiles.ts");
  return [...readProfiles(loadSettings().home).profiles.keys()];
}

async function tasks(): Promise<readonly string[]> {
  return (await (await history()).taskRuns.stats()).map(({ taskName }) => taskName);
}

const finders: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  setting: settings,
  "setting=value": async () => (await settings()).map((name) => `${name}=`),
  profile: profiles,
  block: async () => (await (await import("../../defaults/blocks.ts")).listBlocks()).map(({ reference }) => reference),
  flow: async () => (await (await history()).flows.list()).map(({ name }) => name),
  task: tasks,
  "flow-run": async () => (await (await history()).flowRuns.list({ limit: most })).map(({ name }) => name),
  "task-run": async () => (await (await history()).taskRuns.list({ limit: most })).map(({ name }) => name),
  state: async () => ["SCHEDULED", "PENDING", "RUNNING", "COMPLETED", "FAILED", "CRASHED", "CANCELLED", "PAUSED"],
};
