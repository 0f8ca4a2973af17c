import { isRepositoryName } from '../../oci/index.ts';
import {
  duration,
  mapping,
  namespace,
  orElse,
  text,
  wrong,
  type YamlValue,
} from './yaml-values.ts';

/** What the operator says of a folder that mirrors another registry. Files are named, not read. */
export interface MirrorPolicy {
  readonly folder: string;
  /** As in image references: `docker.io`, `registry.example:5000`. */
  readonly host: string;
  /** `http` for a registry on this machine. */
  readonly scheme: 'https' | 'http';
  readonly login: { readonly username: string; readonly passwordFile: string } | undefined;
  readonly caFile: string | undefined;
  readonly proxy: string | undefined;
  readonly tagsForMs: number;
  readonly keepMs: number;
}

const dayMs = 86_400_000;

/** @throws StoreError POLICY_UNKNOWN_KEY, POLICY_VALUE */
export function mirrorPolicyOf(value: YamlValue, path: string): MirrorPolicy {
  const words = [
    'folder',
    'upstream',
    'username',
    'passwordFile',
    'ca',
    'proxy',
    'tagsFor',
    'keep',
  ];
  const members = mapping(value, path, words);
  const read = <T>(name: string, reading: (value: YamlValue, path: string) => T) =>
    orElse<T | undefined>(reading, members.get(name), `${path}.${name}`, undefined);
  const username = read('username', text);
  const passwordFile = read('passwordFile', text);
  if ((username === undefined) !== (passwordFile === undefined)) {
    throw wrong(value, path, 'username and passwordFile, both or none');
  }
  return {
    folder: folder(members.get('folder'), `${path}.folder`),
    ...upstream(members.get('upstream'), `${path}.upstream`),
    login:
      username !== undefined && passwordFile !== undefined ? { username, passwordFile } : undefined,
    caFile: read('ca', text),
    proxy: read('proxy', proxy),
    tagsForMs: read('tagsFor', duration) ?? 60_000,
    keepMs: read('keep', duration) ?? 30 * dayMs,
  };
}

/** A namespace of our own, or a folder in one. */
function folder(value: YamlValue, path: string): string {
  const name = text(value, path);
  namespace(name.split('/', 1)[0], path);
  if (isRepositoryName(name)) return name;
  throw wrong(value, path, 'a folder of repositories, as mirror/docker.io');
}

function upstream(value: YamlValue, path: string): Pick<MirrorPolicy, 'host' | 'scheme'> {
  const written = text(value, path);
  const [, scheme = 'https', host = ''] =
    /^(?:(https?):\/\/)?([a-z0-9.:[\]-]+)\/?$/.exec(written) ?? [];
  if (host !== '' && URL.canParse(`${scheme}://${host}`)) {
    return { host, scheme: scheme === 'http' ? 'http' : 'https' };
  }
  throw wrong(value, path, 'a registry, as docker.io or registry.example:5000');
}

function proxy(value: YamlValue, path: string): string {
  const url = text(value, path);
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw wrong('a URL', path, 'the URL of a proxy, as http://proxy.example:3128');
}
