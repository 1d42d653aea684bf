/* Warnings of Node about itself that say nothing to who uses the command line. */

const known = /^(SQLite is an experimental feature|Type Stripping is an experimental feature)/;

/** Leaves out what older releases of Node say about parts of theirs that this program relies on. All other warnings are printed. */
export function leaveOutKnownWarnings(): void {
  const printers = process.listeners("warning");
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    if (warning.name === "ExperimentalWarning" && known.test(warning.message)) return;
    for (const print of printers) print.call(process, warning);
  });
}
