import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { oxbow } from "../../tests/cli/fake-terminal.ts";
import { candidates, wordsOf } from "./completion/candidates.ts";
import { makeProgram } from "./program.ts";
import { fit } from "./table.ts";
import { processTerminal, wantsColors } from "./terminal.ts";
import { cut, oneLine, severalLines, sizeOf, widthOf } from "./text.ts";

const program = makeProgram(processTerminal());
const all = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(all)];
const commands = all(program).filter((command) => command !== program && command.name() !== "__complete");
const pathOf = (command: Command): string => (command.parent ? `${pathOf(command.parent)} ${command.name()}` : "");

describe("the command line", () => {
  it("shows its help where nothing is asked for", async () => {
    const { code, stdout, stderr } = await oxbow([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: oxbow/);
    expect(stdout).toContain("$ oxbow run etl.ts");
    expect(stdout).not.toContain("__complete");
  });

  it.each(commands.map((command): [string, Command] => [pathOf(command).trim(), command]))(
    "has a help for %s",
    async (path, command) => {
      const { code, stdout } = await oxbow([...path.split(" "), "--help"]);
      expect(code).toBe(0);
      expect(stdout).toContain(command.description().slice(0, 20));
      if (command.commands.length === 0) expect(stdout).toMatch(/Examples?:\n {2}\$ .*oxbow /);
    },
  );

  it.each([
    [["rnu"], "did you mean run?"],
    [["cache", "staats"], "did you mean stats?"],
    [["cache", "ls", "--taks", "x"], "did you mean --task?"],
    [["cache"], "Usage: oxbow cache"],
    [["run"], "missing required argument"],
    [["version", "more"], "too many arguments"],
  ])("asked wrongly, %j, ends with 2", async (args, words) => {
    const { code, stderr, stdout } = await oxbow(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(words);
  });

  it("tells its version", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect((await oxbow(["version", "--json"])).json()).toMatchObject({ oxbow: version, node: process.versions.node });
    expect((await oxbow(["--version"])).stdout).toBe(`${version}\n`);
  });
});

describe("docs/reference/cli.md", () => {
  const page = readFileSync("docs/reference/cli.md", "utf8");

  it("is what scripts/cli-reference.ts makes of the commands", async () => {
    const { cliReference } = await import("../../scripts/cli-reference.ts");
    expect(page).toBe(cliReference());
  });

  it("has every command and every option, and none that there is not", () => {
    const sections = new Map(
      page
        .split(/^#+ (?=oxbow )/m)
        .slice(1)
        .map((text) => [text.split("\n", 1)[0]!, text]),
    );
    expect([...sections.keys()].toSorted()).toEqual(commands.map((command) => `oxbow${pathOf(command)}`).toSorted());
    for (const command of commands) {
      const section = sections.get(`oxbow${pathOf(command)}`)!;
      const rows = [...section.matchAll(/^\| `(-[^`]*)` \|/gm)].map(([, flags]) => flags!);
      expect(rows, pathOf(command)).toEqual(command.options.map(({ flags }) => flags));
    }
  });

  it("shows only examples that the program understands", () => {
    const lines = [...page.matchAll(/^(oxbow .*)$/gm)].map(([line]) => line).filter((line) => !line.includes("["));
    for (const line of lines) {
      const [, ...words] = wordsOf(line.replace(/ [|&>].*$/, ""));
      let command: Command = program;
      while (words[0] !== undefined && command.commands.some((each) => each.name() === words[0])) {
        command = command.commands.find((each) => each.name() === words[0])!;
        words.shift();
      }
      const known = [...command.options, ...program.options].flatMap(({ long, short }) => [long, short]);
      for (const word of words) if (word.startsWith("-")) expect(known, line).toContain(word);
      expect(command, line).not.toBe(program);
    }
  });
});

describe("oxbow doctor", () => {
  it("shows what it finds, and fails where something fails", async () => {
    const { code, stdout } = await oxbow(["doctor", "--check", "runtime"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ runtime: Node: Node \d+/);
    const asJson = (await oxbow(["doctor", "--check", "runtime", "--json"])).json();
    expect(asJson).toMatchObject({ passed: true });
    expect(asJson.findings[0]).toMatchObject({ check: "runtime", status: "pass" });
    expect((await oxbow(["doctor", "--check", "runtim"])).stderr).toContain("There is no check runtim");
    expect((await oxbow(["doctor", "none.ts"])).code).toBe(2);
  });
});

describe("oxbow init", () => {
  it("writes a project, and nothing over what is there", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "oxbow-cli-"));
    expect(await oxbow(["init", "My Flows", "--yes"], { cwd })).toMatchObject({ code: 0, stdout: "" });
    expect(readdirSync(join(cwd, "My Flows")).toSorted()).toEqual([
      ".gitignore",
      "hello.ts",
      "package.json",
      "tsconfig.json",
    ]);
    expect(JSON.parse(readFileSync(join(cwd, "My Flows", "package.json"), "utf8"))).toMatchObject({ name: "my-flows" });
    const again = await oxbow(["init", "My Flows"], { cwd });
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("My Flows has package.json, hello.ts");
    writeFileSync(join(cwd, "file"), "");
    expect((await oxbow(["init", "file"], { cwd })).stderr).toContain("Cannot write to file");
  });
});

describe("completion", () => {
  const complete = async (line: string): Promise<readonly string[]> => {
    const names = async (what: string): Promise<readonly string[]> =>
      what === "profile" ? ["default", "work"] : [`<${what}>`];
    return (await candidates(program, line, names)).map(({ word }) => word);
  };

  it.each([
    ["oxbow ca", ["cache"]],
    ["oxbow cache v", ["verify"]],
    ["oxbow cache ls --fl", ["--flow", "--flow-run"]],
    ["oxbow cache ls --flow ", ["<flow>"]],
    ["oxbow run x.ts --cache-mode wr", ["write-only"]],
    ["oxbow run x.ts --cache-mode=wr", ["--cache-mode=write-only"]],
    ["oxbow profile use w", ["work"]],
    ["oxbow config unset ", ["<setting>"]],
    ["oxbow config unset a <", ["<setting>"]],
    ["oxbow completion ", ["bash", "zsh", "fish"]],
    ["oxbow profile --de", ["--debug"]],
    ["oxbow version x ", []],
  ])("of %j is %j", async (line, words) => {
    expect(await complete(line)).toEqual(words);
  });

  it("reads lines as shells do", () => {
    expect(wordsOf(`oxbow run "a b.ts" 'c'd e\\ f `)).toEqual(["oxbow", "run", "a b.ts", "cd", "e f", ""]);
    expect(wordsOf("oxbow run 'a b")).toEqual(["oxbow", "run", "a b"]);
  });

  it("prints a script for each shell, and fails no key", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      expect((await oxbow(["completion", shell])).stdout).toContain("oxbow __complete".slice(6));
    }
    expect((await oxbow(["completion", "csh"])).stderr).toContain("Allowed choices are bash, zsh, fish");
    expect((await oxbow(["__complete", "oxbow block inspect "])).code).toBe(0);
  });
});

describe("what is written", () => {
  it("is cut to the width of a terminal, and whole in a pipe", async () => {
    const narrow = await oxbow(["config", "view"], { isTTY: true, columns: 60 });
    for (const line of narrow.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(60);
    expect(narrow.stdout).toContain("…");
    expect((await oxbow(["config", "view"], { columns: 60 })).stdout).toContain(
      "apikey,api_key,credential,cookie,private",
    );
  });

  it("has colours only where they are wanted", async () => {
    expect((await oxbow(["config", "view"], { colors: true })).stdout).toContain("\u001b[1mSETTING");
    expect((await oxbow(["config", "view"])).stdout).not.toContain("\u001b");
    expect((await oxbow(["nothing"], { colors: true })).stderr).toContain("\u001b[31merror:");
    expect(wantsColors({}, true)).toBe(true);
    expect(wantsColors({ NO_COLOR: "1" }, true)).toBe(false);
    expect(wantsColors({ NO_COLOR: "" }, true)).toBe(true);
    expect(wantsColors({ FORCE_COLOR: "1", NO_COLOR: "1" }, false)).toBe(true);
    expect(wantsColors({ FORCE_COLOR: "0" }, true)).toBe(false);
    expect(wantsColors({ TERM: "dumb" }, true)).toBe(false);
  });

  it("holds nothing that could move the cursor", () => {
    expect(oneLine("a\u001b[2Jb\r\nc\td")).toBe("a [2Jb c d");
    expect(severalLines("a\u0007\r\nb\u009b31m")).toBe("a\nb31m");
  });

  it("counts columns and bytes as people see them", () => {
    expect([widthOf("abc"), widthOf("日本"), widthOf("e\u0301"), widthOf("🙂")]).toEqual([3, 4, 1, 2]);
    expect([cut("abcdef", 4), cut("日本語", 4), cut("abc", 3), cut("abc", 0)]).toEqual(["abc…", "日…", "abc", ""]);
    expect([sizeOf(0), sizeOf(1023), sizeOf(1536), sizeOf(10 * 2 ** 20)]).toEqual([
      "0 B",
      "1023 B",
      "1.5 KiB",
      "10 MiB",
    ]);
    expect(fit([10, 50, 20], 60)).toEqual([10, 26, 20]);
    expect(fit([3, 3], 2)).toEqual([3, 3]);
  });
});
