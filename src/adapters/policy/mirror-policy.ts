import { dayMs, fromUtf8 } from '../../base/index.ts';
import type { RootPin } from '../../client/index.ts';
import { isRepositoryName } from '../../oci/index.ts';
import type { FollowedTags } from '../../registry/index.ts';
import { namePattern } from './name-pattern.ts';
import { type ReadNamed, rootPin } from './root-pin.ts';
import {
  duration,
  filled,
  list,
  namespace,
  orElse,
  signer,
  text,
  wrong,
  type YamlValue,
} from './yaml-values.ts';

/** What the operator says of a folder that mirrors another registry. */
export interface MirrorPolicy {
  readonly folder: string;
  /** As in image references: `docker.io`, `registry.example:5000`. */
  readonly host: string;
  /** `http` for a registry on this machine. */
  readonly scheme: 'https' | 'http';
  /** What the names of its repositories begin with there: `grafana` of `docker.io/grafana`; undefined for all. */
  readonly below: string | undefined;
  /** The file is not read here: another password may be in it at each login. */
  readonly login: { readonly username: string; readonly passwordFile: string } | undefined;
  /** PEM. */
  readonly ca: string | undefined;
  readonly proxy: string | undefined;
  readonly tagsForMs: number;
  readonly keepMs: number;
  readonly signedBy: MirrorTrustPolicy | undefined;
  /** What is fetched before anybody asks for it. */
  readonly follow: readonly FollowedTags[];
  readonly followEveryMs: number;
}

/** Whose signatures decide what exists in a mirror. */
export interface MirrorTrustPolicy {
  /** URL of the trust server; undefined where the upstream's host serves its own. */
  readonly server: string | undefined;
  readonly signer: string;
  /** A root is never trusted because it was seen first. */
  readonly pin: RootPin;
  readonly refreshMs: number;
}

/** @throws StoreError POLICY_UNKNOWN_KEY, POLICY_VALUE */
export function mirrorPolicyOf(value: YamlValue, path: string, files: ReadNamed): MirrorPolicy {
  const words = ['folder', 'upstream', 'username', 'passwordFile', 'ca', 'proxy'];
  words.push('tagsFor', 'keep', 'signedBy', 'follow', 'followEvery');
  const members = filled(value, path, words);
  const read = <T>(name: string, reading: (value: YamlValue, path: string) => T) =>
    orElse<T | undefined>(reading, members.get(name), `${path}.${name}`, undefined);
  const username = read('username', text);
  const passwordFile = read('passwordFile', text);
  if ((username === undefined) !== (passwordFile === undefined)) {
    throw wrong(value, path, 'username and passwordFile, both or none');
  }
  const ours = folder(members.get('folder'), `${path}.folder`);
  return {
    folder: ours,
    ...upstream(members.get('upstream'), `${path}.upstream`),
    login:
      username !== undefined && passwordFile !== undefined ? { username, passwordFile } : undefined,
    ca: read('ca', (file, at) => certificates(file, at, files)),
    proxy: read('proxy', url),
    tagsForMs: read('tagsFor', duration) ?? 60_000,
    keepMs: read('keep', duration) ?? 30 * dayMs,
    signedBy: read('signedBy', (trust, at) => trustOf(trust, at, files)),
    follow: list((tags, at) => followed(tags, at, ours))(members.get('follow'), `${path}.follow`),
    followEveryMs: read('followEvery', duration) ?? dayMs / 4,
  };
}

function trustOf(value: YamlValue, path: string, files: ReadNamed): MirrorTrustPolicy {
  const members = filled(value, path, ['server', 'signer', 'root', 'refresh']);
  const read = <T>(name: string, reading: (value: YamlValue, path: string) => T, otherwise: T) =>
    orElse<T>(reading, members.get(name), `${path}.${name}`, otherwise);
  return {
    server: read<string | undefined>('server', url, undefined),
    signer: read('signer', signer, 'any'),
    pin: rootPin(members.get('root'), `${path}.root`, files),
    refreshMs: read('refresh', duration, 60_000),
  };
}

/** @param folder  in which the repository lies */
function followed(value: YamlValue, path: string, folder: string): FollowedTags {
  const members = filled(value, path, ['repository', 'tags']);
  const name = `${folder}/${text(members.get('repository'), `${path}.repository`)}`;
  if (!isRepositoryName(name)) {
    throw wrong(value, `${path}.repository`, 'a repository of the folder, as library/alpine');
  }
  const tags = orElse(namePattern, members.get('tags'), `${path}.tags`, () => true);
  return { repository: name, tags };
}

function certificates(value: YamlValue, path: string, files: ReadNamed): string {
  const file = text(value, path);
  try {
    const pem = fromUtf8(files(file));
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  } catch {
    // Said below.
  }
  throw wrong(file, path, 'a file that can be read, with certificates in PEM');
}

/** A namespace of our own, or a folder in one. */
function folder(value: YamlValue, path: string): string {
  const name = text(value, path);
  namespace(name.split('/', 1)[0], path);
  if (isRepositoryName(name)) return name;
  throw wrong(value, path, 'a folder of repositories, as mirror/docker.io');
}

function upstream(value: YamlValue, path: string): Pick<MirrorPolicy, 'host' | 'scheme' | 'below'> {
  const written = text(value, path);
  const [, scheme = 'https', host = '', below] =
    /^(?:(https?):\/\/)?([a-z0-9.:[\]-]*[a-z0-9\]])(?:\/([^/].*?))?\/?$/.exec(written) ?? [];
  const isNamed = below === undefined || isRepositoryName(below);
  if (host !== '' && isNamed && URL.canParse(`${scheme}://${host}`)) {
    return { host, scheme: scheme === 'http' ? 'http' : 'https', below };
  }
  throw wrong(
    value,
    path,
    'a registry, as docker.io or registry.example:5000, or a folder there, as docker.io/grafana',
  );
}

/** What is wrong with it is not repeated: it may hold a password. */
function url(value: YamlValue, path: string): string {
  const written = text(value, path);
  if (URL.canParse(written) && /^https?:$/.test(new URL(written).protocol)) return written;
  throw wrong('another text', path, 'a URL, as https://host.example:3128');
}
