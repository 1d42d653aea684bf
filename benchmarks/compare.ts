/*
 * DESIGN. A row compares something of Oxbow with its yardstick, interleaved in one process: A B, B A, A B, … The machine may
 * be busy; the ratio of the medians still holds, absolute times hardly do.
 */

/** One side of a comparison: does the work `n` times. */
export type Work = (n: number) => unknown;

/** What a row measures and what it may cost. */
export interface Row {
  readonly name: string;
  readonly oxbow: Work;
  /** What the same work costs without Oxbow. */
  readonly yardstick?: { readonly name: string; readonly work: Work };
  /** How often the work is done in a round. */
  readonly n: number;
  readonly rounds?: number;
  /** Microseconds per piece of work, the ratio to the yardstick, or the microseconds beyond it. */
  readonly target: { readonly us?: number; readonly ratio?: number; readonly overUs?: number };
}

/** What a row came to. */
export interface Result {
  readonly name: string;
  readonly us: number;
  readonly yardstick: string;
  readonly yardstickUs: number | undefined;
  readonly ratio: number | undefined;
  readonly target: Row["target"];
}

async function time(work: Work, n: number): Promise<number> {
  const begun = performance.now();
  await work(n);
  return ((performance.now() - begun) / n) * 1000;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** Measures a row. */
export async function measure(row: Row): Promise<Result> {
  const rounds = row.rounds ?? 9;
  const ours: number[] = [];
  const theirs: number[] = [];
  const yardstick = row.yardstick?.work;
  for (let round = -1; round < rounds; round++) {
    const first = round % 2 === 0;
    if (yardstick && first) theirs.push(await time(yardstick, row.n));
    ours.push(await time(row.oxbow, row.n));
    if (yardstick && !first) theirs.push(await time(yardstick, row.n));
    // The first round warms up.
    if (round === -1) ours.length = theirs.length = 0;
  }
  const us = median(ours);
  const yardstickUs = theirs.length > 0 ? median(theirs) : undefined;
  return {
    name: row.name,
    us,
    yardstick: row.yardstick?.name ?? "",
    yardstickUs,
    ratio: yardstickUs === undefined ? undefined : us / yardstickUs,
    target: row.target,
  };
}

/** How far a result is beyond its target: 1 is on it, 1.5 fails the gate. */
export function excess({ us, ratio, yardstickUs, target }: Result): number {
  return Math.max(
    target.overUs === undefined || yardstickUs === undefined ? 0 : (us - yardstickUs) / target.overUs,
    target.us === undefined ? 0 : us / target.us,
    target.ratio === undefined || ratio === undefined ? 0 : ratio / target.ratio,
  );
}
