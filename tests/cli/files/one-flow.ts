import { flow, task } from "../../../src/index.ts";

export const helper: unknown = task("helper", (x: number) => x + 1);
const only: unknown = flow("only", async (value: unknown = 1) => value);
export { only, only as default };
