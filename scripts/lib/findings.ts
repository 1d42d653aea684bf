/** Prints what a check found, one finding a line, and makes the process fail if there is any. */
export function report(findings: readonly string[], allIsWell: string): void {
  for (const finding of findings) console.error(finding);
  if (findings.length === 0) return console.log(allIsWell);
  console.error(`${findings.length} to fix`);
  process.exitCode = 1;
}
