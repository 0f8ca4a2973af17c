import { ownFlags } from '../docker/global-flags.ts';
import type { TrustCommand } from './command.ts';
import { trustCommandTable } from './commands.ts';
import { groups } from './help.ts';
import { type FlagSpec, Flags, flagNamed, parseFlags } from './parse-flags.ts';

/** A group of commands, `''` for all, where no command of it is named. */
export interface FoundTrustGroup extends Found {
  readonly kind: 'group';
  readonly group: string;
}

interface Found {
  /** The words that are its own. */
  readonly rest: readonly string[];
  /** What was given before them. `--help` is one flag for all levels. */
  readonly flags: Flags;
}

export type FoundTrustCommand =
  | FoundTrustGroup
  | ({ readonly kind: 'command'; readonly command: TrustCommand } & Found)
  /** A flag before a command is none; with docker's sentence. */
  | { readonly kind: 'mistaken'; readonly reason: string };

/**
 * Which command docker would take the words for: from group to group, and flags may stand between.
 * @see spf13/cobra 1.9, command.go Traverse
 */
export function findTrustCommand(words: readonly string[]): FoundTrustCommand {
  const flags = new Flags();
  let group = '';
  let rest = words;
  for (;;) {
    const specs = flagsOfGroup(group);
    const at = firstArgument(rest, specs);
    const path = `${group} ${rest[at] ?? ''}`.trimStart();
    const command = trustCommandTable.find((row) => row.path === path);
    const isGroup = path !== '' && Object.hasOwn(groups, path);
    if (!command && !isGroup) return { kind: 'group', group, rest, flags };
    const before = parseFlags(rest.slice(0, at), specs, true, flags);
    if (before.kind === 'mistaken') return before;
    rest = rest.slice(at + 1);
    if (command) return { kind: 'command', command, rest, flags };
    group = path;
  }
}

/** What may stand before the commands of a group. */
export function flagsOfGroup(group: string): readonly FlagSpec[] {
  return group === '' ? ownFlags : [];
}

/** Where the first word stands that is neither a flag nor, as far as one can see, a value of one. */
function firstArgument(words: readonly string[], specs: readonly FlagSpec[]): number {
  let isValue = false;
  for (const [i, word] of words.entries()) {
    const isSwitch = flagNamed(word, specs)?.kind === 'boolean';
    if (word.startsWith('--') && !word.includes('=')) isValue = !isSwitch;
    else if (/^-[!-<>-~]$/.test(word) && !isSwitch) isValue = true;
    else if (isValue) isValue = false;
    else if (!/^-./.test(word)) return i;
  }
  return words.length;
}
