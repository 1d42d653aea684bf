import { INPUTS, task } from "../../../src/index.ts";

export const square: unknown = task("square", { cachePolicy: INPUTS, persistResult: true }, (x: number) => x * x);
