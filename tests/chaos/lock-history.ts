import type { RaceEvent } from "./lock-racer.ts";

/** All that happened to one grant, as its process told it. */
interface GrantHistory {
  readonly token: number;
  readonly pid: number;
  readonly grant: RaceEvent;
  readonly renewals: RaceEvent[];
  /** That it was tried: who is killed in the middle has no time to say that it was done. */
  releasing: RaceEvent | undefined;
  release: RaceEvent | undefined;
}

/** What a process told, and when it was killed: milliseconds of the steady clock, `undefined` where it was not. */
export interface RacerHistory {
  readonly pid: number;
  readonly killedAt: number | undefined;
  readonly events: readonly RaceEvent[];
}

/** Expiry is judged in whole milliseconds. */
const slackMs = 2;

/**
 * Whether what happened to one key can have happened to one lock, in the order of the tokens:
 * - no token was given twice,
 * - a grant came after the one before it had been released, or had expired, or its process had been killed,
 * - nothing was done with a grant any more once the next one had been made.
 *
 * @returns what cannot be
 */
export function faultsIn(racers: readonly RacerHistory[], leaseMs: number): string[] {
  const faults: string[] = [];
  const grants = new Map<number, GrantHistory>();
  for (const { pid, events } of racers) {
    for (const event of events) {
      const known = grants.get(event.token);
      if (event.what === "grant") {
        if (known !== undefined) faults.push(`${event.token}: given to ${known.pid} and to ${pid}`);
        grants.set(event.token, {
          token: event.token,
          pid,
          grant: event,
          renewals: [],
          releasing: undefined,
          release: undefined,
        });
      } else if (event.what === "renew") known?.renewals.push(event);
      else if (known !== undefined) known[event.what] = event;
    }
  }
  const killedAt = new Map(racers.map((racer) => [racer.pid, racer.killedAt]));
  const inOrder = [...grants.values()].sort((left, right) => left.token - right.token);
  for (const [i, next] of inOrder.entries()) {
    const last = inOrder[i - 1];
    if (last !== undefined) faults.push(...faultsBetween(last, next, killedAt.get(last.pid), leaseMs));
  }
  return faults;
}

function faultsBetween(
  last: GrantHistory,
  next: GrantHistory,
  killedAt: number | undefined,
  leaseMs: number,
): string[] {
  const between = `${last.token} of ${last.pid} and ${next.token} of ${next.pid}`;
  const faults: string[] = [];
  for (const event of [...last.renewals, ...(last.release ? [last.release] : [])]) {
    if (event.from > next.grant.to) faults.push(`${between}: the first was still there for a ${event.what}`);
  }
  const release = last.release ?? (killedAt === undefined ? undefined : last.releasing);
  const wasReleased = release !== undefined && release.from < next.grant.to;
  const wasKilled = killedAt !== undefined && killedAt < next.grant.to;
  const extended = last.renewals.filter((event) => event.to < next.grant.from).at(-1) ?? last.grant;
  const hadExpired = extended.from + leaseMs - slackMs < next.grant.to;
  if (!wasReleased && !wasKilled && !hadExpired) faults.push(`${between}: both at the same time`);
  return faults;
}
