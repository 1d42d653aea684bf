#!/usr/bin/env node
/* The program `oxbow`. */
import { handOver } from "./local-copy.ts";
import { runCli } from "./program.ts";
import { processTerminal } from "./terminal.ts";
import { leaveOutKnownWarnings } from "./warnings.ts";

/** How long what somebody left open may keep the process alive when the command has ended, in milliseconds. */
const patienceMs = 5000;

leaveOutKnownWarnings();
const args = process.argv.slice(2);
if (!(await handOver(args, process.cwd()))) {
  const code = await runCli(args, processTerminal());
  // A signal that came meanwhile has the last word, and so does an output that could not be written.
  if (!process.exitCode) process.exitCode = code;
  setTimeout(leave, patienceMs).unref();
}

/** A server or a timer of a flow's file would keep the process alive for ever. */
function leave(): void {
  const kinds = [...new Set(process.getActiveResourcesInfo())].filter(
    (kind) => kind !== "TTYWrap" && kind !== "PipeWrap",
  );
  process.stderr.write(`note: the process ends, although something is open: ${kinds.join(", ") || "unknown"}\n`);
  process.exit();
}
