import type { Finding } from "../../doctor/index.ts";
import { type Cli, examples } from "../cli.ts";
import { exitCodes, misuse, say, writeJson } from "../output.ts";
import { StatusLine } from "../status-line.ts";
import type { Output, Terminal } from "../terminal.ts";
import { count, type Look, oneLine, paint } from "../text.ts";

/** `oxbow doctor` */
export function addDoctor({ program, terminal, end }: Cli): void {
  program
    .command("doctor")
    .description(
      "Look at everything on which the cache depends: settings, storages, locks, history, and the tasks of a file",
    )
    .argument("[file]", "a file of tasks, to look at these too")
    .option("--check <name...>", "only these checks")
    .option("--problems", "show only what is not as it should be")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow doctor", "oxbow doctor etl.ts --problems"))
    .action((file: string | undefined, options: DoctorOptions) => end(doctor(file, options, terminal)));
}

interface DoctorOptions {
  readonly check?: readonly string[];
  readonly problems?: true;
  readonly json?: true;
}

const marks: Readonly<Record<Finding["status"], readonly [mark: string, look: Look]>> = {
  pass: ["✓", "green"],
  warn: ["!", "yellow"],
  fail: ["✗", "red"],
};

export async function doctor(file: string | undefined, options: DoctorOptions, terminal: Terminal): Promise<number> {
  const { json, problems, check } = options;
  const { stdout, stderr } = terminal;
  const { checkNames, examine } = await import("../../doctor/index.ts");
  const unknown = check?.find((name) => !checkNames.includes(name));
  if (unknown !== undefined) throw misuse(`There is no check ${unknown}`, `there are ${checkNames.join(", ")}`);
  const { targetOf } = await import("../run/target.ts");
  const path = file === undefined ? undefined : targetOf(file, terminal.cwd).path;
  const findings: Finding[] = [];
  const line = new StatusLine(
    stderr,
    () => `Looking${findings.length > 0 ? `: ${findings.at(-1)!.check} is done` : ""}`,
  );
  const stop = json ? () => {} : line.start();
  try {
    for await (const finding of examine({ file: path, checks: check })) {
      findings.push(finding);
      const isShown = !json && (!problems || finding.status !== "pass");
      if (isShown) line.writeAside(() => writeFinding(stdout, finding));
    }
  } finally {
    stop();
  }
  const has = (status: Finding["status"]): number => findings.filter((each) => each.status === status).length;
  if (json) writeJson(stdout, { passed: has("fail") === 0, findings });
  else
    say(
      terminal,
      `${has("pass")} as they should be, ${count(has("warn"), "warning")}, ${count(has("fail"), "failure")}`,
    );
  return has("fail") > 0 ? exitCodes.failed : exitCodes.done;
}

function writeFinding(stdout: Output, { check, subject, status, message, remedy }: Finding): void {
  const [mark, look] = marks[status];
  stdout.write(
    `${paint(stdout, look, mark)} ${paint(stdout, "bold", check)}: ${oneLine(subject)}: ${oneLine(message)}\n`,
  );
  if (remedy !== undefined) stdout.write(`    ${oneLine(remedy)}\n`);
}
