import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { MirrorPolicy } from '../../adapters/policy/index.ts';
import { anonymous, type CredentialSource, Remotes } from '../../adapters/remotes/index.ts';
import { MetadataFolder } from '../../adapters/trust-folder/index.ts';
import { type Clock, Secret } from '../../base/index.ts';
import type { MirrorRule } from '../../registry/index.ts';
import { appError } from '../errors.ts';
import { UpstreamTrust } from './upstream-trust.ts';

/** What mirrors find around them. */
export interface MirrorPlace {
  /** Names of files in a policy are meant from here. */
  readonly policyFile: string | undefined;
  /** Where what is verified of an upstream's trust is kept: a folder for each mirror. */
  readonly trustFolder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A mirror's rule with its own connections to the upstream, which end when they are disposed of. */
export interface OpenMirror {
  readonly rule: MirrorRule;
  readonly connections: Disposable;
}

export function openMirror(policy: MirrorPolicy, place: MirrorPlace): OpenMirror {
  const { folder, host, scheme, ca, proxy, tagsForMs, keepMs, signedBy } = policy;
  const { clock } = place;
  const remotes = new Remotes({
    ...{ clock, ca, redirects: 'outside', trustServer: signedBy?.server },
    credentials: credentialsOf(policy, place),
    proxyEnv: proxy === undefined ? undefined : { HTTPS_PROXY: proxy },
  });
  const upstream = Object.assign(remotes.registry(host, scheme), { name: host });
  const nameThere = (name: string) => nameAt(policy, name);
  const trust = signedBy && trustOf({ ...policy, signedBy }, remotes, place);
  const rule = { folder, upstream, nameThere, tagsForMs, keepMs, trust };
  return { rule, connections: remotes };
}

/** @see distribution/reference normalize.go: on Docker Hub, names of one word are meant below `library/` */
function nameAt({ host, below }: Pick<MirrorPolicy, 'host' | 'below'>, name: string): string {
  if (below !== undefined) return `${below}/${name}`;
  return host === 'docker.io' && !name.includes('/') ? `library/${name}` : name;
}

function trustOf(
  { folder, host, signedBy }: MirrorPolicy & { signedBy: NonNullable<MirrorPolicy['signedBy']> },
  remotes: Remotes,
  { trustFolder, clock, log }: MirrorPlace,
): UpstreamTrust {
  const { pin, signer, refreshMs } = signedBy;
  return new UpstreamTrust({
    ...{ host, pin, signer, refreshMs, clock },
    sourceOf: (gun) => remotes.trust(gun, { forWriting: false }),
    openCache: () => new MetadataFolder(join(trustFolder, folder)),
    told: (gun, what, failure) =>
      what === 'kept'
        ? log.warn({ gun }, 'trust server of a mirror failed; what was verified before counts')
        : log.warn({ gun, err: failure }, 'trust of a mirror does not verify; nothing is shown'),
  });
}

/** Read at each login, so that a password may be replaced while the store runs. */
function credentialsOf(
  { login }: MirrorPolicy,
  { policyFile = '.' }: MirrorPlace,
): CredentialSource {
  if (!login) return anonymous;
  const path = resolve(dirname(policyFile), login.passwordFile);
  return async () => {
    const password = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      const reason = cause.code ?? 'unreadable';
      throw appError('CONFIG_FILE', { flag: 'passwordFile', path, reason }, cause);
    });
    return { kind: 'password', username: login.username, password: new Secret(password.trimEnd()) };
  };
}
