/* What a shell is told: to ask `oxbow __complete LINE` for what may stand at the end of a line, one word and its description a line. */

/** The shells that can be told. */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** The script for a shell. */
export function completionScript(shell: Shell): string {
  return scripts[shell];
}

// bash breaks words at ":" and "=", and wants only what comes after the last break.
const bash = `# bash completion for oxbow: put this line into ~/.bashrc
#   source <(oxbow completion bash)
_oxbow() {
  local line="\${COMP_LINE:0:COMP_POINT}" word prefix reply
  word="\${line##*[[:space:]]}"
  prefix="\${word%"\${word##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r reply _; do
    [[ -n "$reply" ]] && COMPREPLY+=("\${reply#"$prefix"}")
  done < <("\${COMP_WORDS[0]}" __complete "$line" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *= ]]; then compopt -o nospace; fi
}
complete -o default -F _oxbow oxbow
`;

const zsh = `#compdef oxbow
# zsh completion for oxbow: put this line into ~/.zshrc, after compinit
#   source <(oxbow completion zsh)
_oxbow() {
  local line
  local -a items
  while IFS= read -r line; do
    [[ -n "$line" ]] && items+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" __complete "\${(j: :)words[1,CURRENT]}" 2>/dev/null)
  if (( \${#items} )); then _describe oxbow items; else _files; fi
}
compdef _oxbow oxbow
`;

const fish = `# fish completion for oxbow: write it to ~/.config/fish/completions/oxbow.fish
#   oxbow completion fish > ~/.config/fish/completions/oxbow.fish
function __oxbow_complete
    set -l line (commandline -cp)
    oxbow __complete "$line" 2>/dev/null
end
complete -c oxbow -a '(__oxbow_complete)'
`;

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
