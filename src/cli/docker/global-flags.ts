import type { FlagSpec } from '../docker-trust/parse-flags.ts';

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

/** Those that only `countermark docker` takes. */
export const ownFlags: readonly FlagSpec[] = [
  { name: 'offline', kind: 'boolean' },
  { name: 'policy', kind: 'text' },
];
