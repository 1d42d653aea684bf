import { Argument } from "commander";
import { type Cli, examples } from "../cli.ts";
import { candidates } from "../completion/candidates.ts";
import { namesOf } from "../completion/names.ts";
import { completionScript, shells, type Shell } from "../completion/scripts.ts";

/** `oxbow completion` */
export function addCompletion({ program, terminal: { stdout }, end }: Cli): void {
  program
    .command("completion")
    .description("Print what makes a shell complete commands, options and names")
    .addArgument(new Argument("<shell>", "the shell").choices(shells))
    .addHelpText(
      "after",
      examples("source <(oxbow completion bash)", "oxbow completion fish > ~/.config/fish/completions/oxbow.fish"),
    )
    .action((shell: Shell) => end(Promise.resolve(stdout.write(completionScript(shell)))));
  program
    .command("__complete", { hidden: true })
    .argument("<line>")
    .action((line: string) =>
      end(
        candidates(program, line, namesOf).then((found) => {
          for (const { word, description } of found) stdout.write(`${word}\t${description}\n`);
        }),
      ),
    );
}
