import { Argument, Command } from 'commander';
import type { CliWorld } from '../ports.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** `shell-init SHELL` */
export function shellInitCommand(world: Pick<CliWorld, 'ownCommand' | 'print'>): Command {
  return new Command('shell-init')
    .description('Print a function by which plain docker goes through this')
    .addArgument(new Argument('<shell>', 'whose').choices(shells))
    .action((shell: Shell) => world.print(shellFunction(shell, world.ownCommand())));
}

/**
 * A function called `docker`. Its definition begins with a word of the shell, so that an alias of that
 * name is not put into it.
 * @param command  what starts this program
 */
export function shellFunction(shell: Shell, command: readonly string[]): string {
  const words = command.map((word) => quoted(shell, word)).join(' ');
  if (shell === 'fish') {
    return `function docker --wraps docker --description 'docker, with content trust'\n    command ${words} docker $argv\nend\n`;
  }
  return `unalias docker 2>/dev/null || true\nfunction docker {\n  command ${words} docker "$@"\n}\n`;
}

/** In single quotes; a backslash in them means something to fish alone. */
function quoted(shell: Shell, word: string): string {
  if (shell === 'fish') return `'${word.replace(/[\\']/g, '\\$&')}'`;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
