import { flow, INPUTS, task, type Task } from "../../../src/index.ts";

export const double: Task<[x: number], number> = task(
  "double",
  { cachePolicy: INPUTS, persistResult: true },
  async (x: number) => x * 2,
);

export const sums: unknown = flow("sums", async (xs: number[] = [1, 2], label = "all") => {
  const doubled = await double.map(xs);
  return { label, sum: doubled.reduce((sum, x) => sum + x, 0), at: new Date(0) };
});

export const options: unknown = flow("options", async ({ day, limit = 3 }: { day: string; limit?: number }) => [
  day,
  limit,
]);

export const several: unknown = flow("several", async (first: string, ...rest: readonly unknown[]) => [first, ...rest]);

export const broken: unknown = flow("broken", async () => {
  throw new TypeError("no such column");
});

export const named: unknown = flow("another name", async () => undefined);
