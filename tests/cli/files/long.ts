import { writeSync } from "node:fs";
import { flow, getRunContext } from "../../../src/index.ts";

export const long: unknown = flow("long", async () => {
  const { signal } = getRunContext()!;
  writeSync(1, "begun\n");
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 60_000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  signal.throwIfAborted();
});

export const large: unknown = flow("large", async () => "x".repeat(5_000_000));

export const open: unknown = flow("open", async () => {
  setInterval(() => undefined, 1000);
  return "done";
});

export const warns: unknown = flow("warns", async () => {
  process.emitWarning("SQLite is an experimental feature and might change at any time", "ExperimentalWarning");
  process.emitWarning("Something else is experimental", "ExperimentalWarning");
});
