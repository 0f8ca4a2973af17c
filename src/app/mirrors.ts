import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { MirrorPolicy } from '../adapters/policy/index.ts';
import { anonymous, type CredentialSource, Remotes } from '../adapters/remotes/index.ts';
import { type Clock, Secret } from '../base/index.ts';
import { type MirrorPorts, type MirrorRule, Mirrors, type ReaderViews } from '../registry/index.ts';
import { appError } from './errors.ts';

/** Where the policy stands that names the files of mirrors, and what mirrors are made of. */
export interface MirrorsRequest {
  readonly policies: readonly MirrorPolicy[];
  readonly policyFile: string | undefined;
  readonly ports: Omit<MirrorPorts, 'told'>;
  /** What readers see elsewhere. */
  readonly others: ReaderViews;
  readonly log: Logger;
}

/**
 * The mirrors of the policy, each with connections of its own, which end with `undo`.
 * @throws StoreError CONFIG_FILE when a file cannot be read that the policy names; REMOTE_PLAIN_HTTP
 */
export function openMirrors(
  { policies, policyFile = '.', ports, others, log }: MirrorsRequest,
  undo: AsyncDisposableStack,
): Mirrors {
  const pathOf = (file: string) => resolve(dirname(policyFile), file);
  const opened = policies.map((policy) => openUpstream(policy, pathOf, ports.clock));
  const told: MirrorPorts['told'] = (repository, failure) =>
    log.warn({ repository, err: failure }, 'upstream of a mirror failed; what was kept is shown');
  const mirrors = new Mirrors(
    { ...ports, told },
    opened.map(({ rule }) => rule),
    others,
  );
  undo.use(mirrors);
  // Ended before, so that nothing under way is waited for.
  for (const { remotes } of opened) undo.use(remotes);
  return mirrors;
}

function openUpstream(
  policy: MirrorPolicy,
  pathOf: (file: string) => string,
  clock: Clock,
): { readonly rule: MirrorRule; readonly remotes: Remotes } {
  const { folder, host, scheme, login, caFile, proxy, tagsForMs, keepMs } = policy;
  const remotes = new Remotes({
    ...{ clock, redirects: 'outside' },
    credentials: login ? fromFile(login.username, pathOf(login.passwordFile)) : anonymous,
    ca: caFile === undefined ? undefined : readNamed(pathOf(caFile)),
    proxyEnv: proxy === undefined ? undefined : { HTTPS_PROXY: proxy },
  });
  const upstream = Object.assign(remotes.registry(host, scheme), { name: host });
  const isHub = host === 'docker.io';
  const nameThere = (name: string) => (isHub && !name.includes('/') ? `library/${name}` : name);
  return { rule: { folder, upstream, nameThere, tagsForMs, keepMs }, remotes };
}

/** Read at each login, so that a password may be replaced while the store runs. */
function fromFile(username: string, path: string): CredentialSource {
  return async () => {
    const password = await readFile(path, 'utf8').catch((cause: Error) => {
      throw unreadable(path, cause);
    });
    return { kind: 'password', username, password: new Secret(password.trimEnd()) };
  };
}

function readNamed(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause as Error);
  }
}

function unreadable(path: string, cause: Error) {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
  return appError('CONFIG_FILE', { flag: 'registry.mirrors', path, reason }, cause);
}
