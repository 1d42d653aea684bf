import type { Check, CheckContext } from "../check.ts";
import { usableStorages } from "../check.ts";
import { fail, pass } from "../finding.ts";
import { probePrefix } from "../probe-record.ts";

/** The first release is younger than this. */
const earliest = Date.UTC(2025, 0, 1);
/** Processes take their turns: a run that ends now may be written down in a moment. */
const tolerance = 5000;
/** Of a large storage that many records are looked at, in the order of their keys. */
const recordsLookedAt = 5000;

/** The time of this machine is one that can be: not before what has been written already. */
export const clock: Check = {
  name: "clock",
  async run(context) {
    const now = context.clock.now();
    const shown = new Date(now).toISOString();
    if (now < earliest)
      return [
        fail(
          "system time",
          `It is ${shown} here, which cannot be: records would never expire`,
          "set the clock of the machine, by NTP",
        ),
      ];
    const newest = await newestOf(context);
    if (newest !== undefined && newest.at > now + tolerance)
      return [
        fail(
          "system time",
          `It is ${shown} here, and ${newest.what} is of ${new Date(newest.at).toISOString()}: expiry and history go wrong`,
          "set the clock of the machine, by NTP; or find the machine whose clock was ahead",
        ),
      ];
    return [pass("system time", `${shown}, after everything that was written`)];
  },
};

interface Moment {
  readonly at: number;
  readonly what: string;
}

async function newestOf(context: CheckContext): Promise<Moment | undefined> {
  let newest: Moment | undefined;
  const see = (at: number, what: string): void => {
    if (newest === undefined || at > newest.at) newest = { at, what };
  };
  const history = await context.history().catch(() => undefined);
  // Whether it can be read says another check.
  for (const run of (await history?.flowRuns.list({ limit: 1 }).catch(() => undefined)) ?? [])
    see(run.states.at(-1)!.timestamp, `the flow run ${run.name}`);
  for (const run of (await history?.taskRuns.list({ limit: 1 }).catch(() => undefined)) ?? [])
    see(run.states.at(-1)!.timestamp, `the task run ${run.name}`);
  for (const { storage } of await usableStorages(context)) {
    if (!storage.capabilities.list) continue;
    let count = 0;
    for await (const { key, createdAt } of storage.list()) {
      if (!key.startsWith(probePrefix)) see(createdAt, `the record ${JSON.stringify(key.slice(0, 100))}`);
      if ((count += 1) >= recordsLookedAt || context.signal.aborted) break;
    }
  }
  return newest;
}
