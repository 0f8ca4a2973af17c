import type { DockerOptions } from '../docker-ports.ts';
import type { FlagSpec, Flags } from '../docker-trust/parse-flags.ts';

/** The flags that docker takes before a command, and hands on to its plugins. */
export const globalFlags: readonly FlagSpec[] = [
  { name: 'config', kind: 'text' },
  { name: 'context', short: 'c', kind: 'text' },
  { name: 'debug', short: 'D', kind: 'boolean' },
  { name: 'host', short: 'H', kind: 'list' },
  { name: 'log-level', short: 'l', kind: 'text' },
  { name: 'tls', kind: 'boolean' },
  { name: 'tlscacert', kind: 'text' },
  { name: 'tlscert', kind: 'text' },
  { name: 'tlskey', kind: 'text' },
  { name: 'tlsverify', kind: 'boolean' },
  { name: 'version', short: 'v', kind: 'boolean' },
];

const logLevels = /^(panic|fatal|error|warn|warning|info|debug|trace)?$/i;

/**
 * What docker refuses of its global flags before it looks at the command; docker's sentence.
 * @see docker/cli 28.2.2, cli/flags/options.go SetLogLevel; cli/command/cli.go Initialize
 */
export function globalMistake(flags: Flags): string | undefined {
  const level = flags.text('log-level') ?? '';
  if (!logLevels.test(level)) return `Unable to parse logging level: ${level}`;
  if (flags.list('host').length > 0 && flags.text('context')) {
    return 'conflicting options: cannot specify both --host and --context';
  }
  return undefined;
}

/** Those that docker does not know: before a command of `countermark docker`, or of `docker trust`. */
export const ownFlags: readonly FlagSpec[] = [
  { name: 'offline', kind: 'boolean' },
  { name: 'policy', kind: 'text' },
];

/** As help lays them out. */
export const ownFlagsHelp = [
  '      --offline         Use what was verified before where a trust server does not\n',
  '                        answer\n',
  '      --policy string   Trust policy (default "~/.docker/trust/policy.yaml")\n',
].join('');

/** What of them was given. */
export function ownOptions(flags: Flags): Pick<DockerOptions, 'offline' | 'policy'> {
  const policy = flags.text('policy');
  return {
    ...(flags.isOn('offline') && { offline: true }),
    ...(policy !== undefined && { policy }),
  };
}
