import { trustCommandTable } from '../docker-trust/commands.ts';
import { complete, printedCandidates } from '../shell/complete.ts';
import { trustOutline } from '../shell/outline.ts';

/** For the shell: no names of files. */
const noFiles = 4;

/**
 * What docker's own completion asks a plugin for when somebody types a tab behind its name.
 * @param name   `trust` or `dct`
 * @param words  from that name on
 * @see docker/cli 28.2.2, cli-plugins/manager/cobra.go; spf13/cobra, completions.go
 */
export function trustCandidates(name: string, words: readonly string[]): string {
  const rest = words[0] === name ? words.slice(1) : words;
  const found = complete(trustOutline(name, trustCommandTable), rest);
  return `${printedCandidates(found)}:${noFiles}\n`;
}
