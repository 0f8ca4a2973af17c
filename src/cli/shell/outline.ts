import type { Command } from 'commander';
import { ownFlags, ownFlagsHelp } from '../docker/global-flags.ts';
import type { TrustCommand } from '../docker-trust/command.ts';
import { trustCommandTable } from '../docker-trust/commands.ts';
import { groups } from '../docker-trust/help.ts';

/** A command and those below it, as far as completion and manual pages need them. */
export interface Outline {
  /** `countermark`, or the word below its parent. */
  readonly name: string;
  readonly summary: string;
  /** What stands after the path in a usage line. */
  readonly synopsis: string;
  /** What stands for the words of the synopsis, where its help tells it. */
  readonly takes: readonly { readonly name: string; readonly summary: string }[];
  /** `--pretty`, with its short form and value as people write them, and what it does. */
  readonly flags: readonly {
    readonly name: string;
    readonly written: string;
    readonly summary: string;
  }[];
  readonly commands: readonly Outline[];
}

/** The whole program; the commands of docker trust stand in a table of their own. */
export function programOutline(program: Command): Outline {
  const root = outlineOf(program);
  const trust = trustOutline('trust', trustCommandTable);
  const commands = root.commands.map((each) =>
    each.name === 'docker' ? { ...each, commands: [trust] } : each,
  );
  return { ...root, commands };
}

/** The table of commander. */
function outlineOf(command: Command): Outline {
  const help = command.createHelp();
  return {
    name: command.name(),
    summary: command.description(),
    synopsis: command.usage(),
    takes: help.visibleArguments(command).map((argument) => ({
      name: help.argumentTerm(argument),
      summary: help.argumentDescription(argument),
    })),
    flags: help
      .visibleOptions(command)
      .filter(({ long }) => long)
      .map((option) => ({
        name: option.long ?? '',
        written: option.flags,
        summary: help.optionDescription(option),
      })),
    commands: command.commands.filter((each) => !each.name().startsWith('__')).map(outlineOf),
  };
}

/**
 * The table of `docker trust`.
 * @param name  how it is called: `trust`, or as a plugin `docker-trust`
 */
export function trustOutline(name: string, table: readonly TrustCommand[]): Outline {
  const below = (group: string): Outline[] =>
    table
      .filter(({ path }) => path.split(' ').slice(0, -1).join(' ') === group)
      .map((command) => ({
        name: command.path.split(' ').at(-1) ?? '',
        summary: command.summary,
        synopsis: command.synopsis,
        takes: [],
        flags: command.flags.map((flag) => flagOf(flag.name, command.options)),
        commands: [],
      }));
  const named = Object.entries(groups).filter(([group]) => group !== '');
  const inner = named.map(([group, summary]) => ({
    ...{ name: group, summary, synopsis: 'COMMAND', takes: [], flags: [], commands: below(group) },
  }));
  const summary = groups[''] ?? '';
  const flags = ownFlags.map((flag) => flagOf(flag.name, ownFlagsHelp));
  return {
    name,
    summary,
    synopsis: '[OPTIONS] COMMAND',
    takes: [],
    flags,
    commands: [...inner, ...below('')],
  };
}

/** What the options of its help say of a flag: `  -y, --yes   Do not ...`, over one line or more. */
function flagOf(name: string, options: string): Outline['flags'][number] {
  const pattern = new RegExp(`^ *((?:-\\w, )?--${name}(?: \\S+)?)  +(.*(?:\\n {12,}.*)*)`, 'm');
  const [, written = `--${name}`, text = ''] = pattern.exec(options) ?? [];
  return { name: `--${name}`, written, summary: text.replace(/\s+/g, ' ').trim() };
}
