import { Argument, Command } from 'commander';
import type { CliWorld } from '../ports.ts';
import { complete, printedCandidates } from './complete.ts';
import type { Outline } from './outline.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

/** `completion SHELL`, and what its scripts ask: `__complete WORD ...`. */
export function completionCommands(
  world: Pick<CliWorld, 'print'>,
  outline: () => Outline,
): Command[] {
  const completion = new Command('completion')
    .description('Print what makes a shell complete the words of this program')
    .addArgument(new Argument('<shell>', 'which').choices(shells))
    .action((shell: (typeof shells)[number]) => world.print(scripts[shell]));
  const answer = new Command('__complete')
    .description('What may stand next')
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action((words: string[]) => world.print(printedCandidates(complete(outline(), words))));
  return [completion, answer];
}

/* Each asks the program itself, so that a script need not be renewed with it. */
const scripts = {
  bash: `# countermark completion bash, for bash 4 or later: source it, or put it into
# ~/.local/share/bash-completion/completions/countermark
_countermark() {
  local word
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _countermark countermark
`,
  zsh: `#compdef countermark
# countermark completion zsh: put it into a folder of $fpath, as _countermark
_countermark() {
  local -a found
  local word summary
  while IFS=$'\\t' read -r word summary; do
    found+=("\${word//:/\\\\:}:$summary")
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe countermark found; else _files; fi
}
if [ "\${funcstack[1]}" = _countermark ]; then _countermark "$@"; else compdef _countermark countermark; fi
`,
  fish: `# countermark completion fish: put it into ~/.config/fish/completions/countermark.fish
function __countermark_complete
    set -l words (commandline -opc)
    $words[1] __complete -- $words[2..] (commandline -ct) 2>/dev/null
end
complete -c countermark -f -a '(__countermark_complete)'
complete -c countermark -n 'test -z (__countermark_complete | string collect)' -F
`,
} satisfies Record<(typeof shells)[number], string>;
