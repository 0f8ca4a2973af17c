import { createPublicKey, X509Certificate } from 'node:crypto';
import { fromUtf8, isStoreError, utf8 } from '../../base/index.ts';
import {
  plainName,
  type RootPin,
  type TrustPin,
  type TrustPolicy,
  type TrustRule,
} from '../../client/index.ts';
import {
  type KeyId,
  parseKeyId,
  parseRoleName,
  publicKey,
  type TargetsRole,
} from '../../tuf/index.ts';
import { parseYaml } from './parse-yaml.ts';
import {
  countOrNone,
  list,
  mapping,
  oneOf,
  orElse,
  text,
  wrong,
  type YamlValue,
} from './yaml-values.ts';

/** Reads a file that the policy names. Rejects when it cannot. */
export type ReadNamed = (file: string) => Uint8Array;

/**
 * Reads a person's trust policy; docs/enforcement.md says what its words mean. What it leaves out is as in docker;
 * nothing in it may be misspelt, and a word without a value, or a file without a word, is one that
 * somebody did not write to its end.
 *
 * @param read  files with certificates, by their names in the policy
 * @throws StoreError POLICY_SYNTAX, POLICY_TOO_LARGE, POLICY_UNKNOWN_KEY, POLICY_VALUE
 */
export function parseTrustPolicy(source: string, read: ReadNamed): TrustPolicy {
  const top = filled(parseYaml(source), '', ['version', 'rules', 'otherwise']);
  const version = top.get('version') ?? 1;
  if (version !== 1) throw wrong(version, 'version', '1, the only version there is');
  const otherwise = oneOf(['docker', 'refuse']);
  return {
    rules: list((value, path) => ruleOf(value, path, read))(top.get('rules'), 'rules'),
    otherwise: orElse(otherwise, top.get('otherwise'), 'otherwise', 'docker'),
  };
}

function ruleOf(value: YamlValue, path: string, read: ReadNamed): TrustRule {
  const known = ['name', 'root', 'firstUse', 'role', 'minimumSigners', 'offline'];
  const members = filled(value, path, known);
  const at = (name: string) => `${path}.${name}`;
  const offline = oneOf(['asked', 'allowed', 'never']);
  return {
    pattern: pattern(members.get('name'), at('name')),
    pin: pinOf(members, path, read),
    role: orElse<TargetsRole | undefined>(role, members.get('role'), at('role'), undefined),
    minimumSigners: orElse(countOrNone, members.get('minimumSigners'), at('minimumSigners'), 0),
    offline: orElse(offline, members.get('offline'), at('offline'), 'asked'),
  };
}

/** A mapping that is there, and whose members are. */
function filled(value: YamlValue, path: string, known: readonly string[]) {
  if (value === undefined || value === null) throw wrong(value, path, 'a mapping');
  const members = mapping(value, path, known);
  for (const [name, member] of members) {
    if (member === null) throw wrong(member, path === '' ? name : `${path}.${name}`, 'a value');
  }
  return members;
}

/** As GUNs are, and rules know their hosts, since a name of another form would fit nothing. */
function pattern(value: YamlValue, path: string): string {
  const name = text(value, path);
  const isName = /^(\*\*|[a-z0-9*.:[\]-]+(\/[a-z0-9*._-]+)+)$/.test(name) && !name.includes('***');
  // docker's own registry has one host, and a part before each name.
  const isNobodys = /^index\.docker\.io\/|^docker\.io\/(?!.*\*\*)[^/]*$/.test(name);
  if (isName && !isNobodys && plainName(name) === name) return name;
  const wanted = 'HOST[:PORT]/NAME in lower case, docker.io/library/NAME, with * or **';
  throw wrong(value, path, `${wanted}, without the port 443`);
}

function pinOf(members: ReadonlyMap<string, YamlValue>, path: string, read: ReadNamed): TrustPin {
  const firstUse = members.get('firstUse') ?? true;
  if (typeof firstUse !== 'boolean') throw wrong(firstUse, `${path}.firstUse`, 'true or false');
  if (!members.has('root')) return firstUse ? 'first-use' : 'kept';
  const root = members.get('root');
  const at = `${path}.root`;
  if (members.has('firstUse') && firstUse) {
    throw wrong(firstUse, `${path}.firstUse`, 'false, or nothing, where a root is pinned');
  }
  const pins = filled(root, at, ['keys', 'certificates', 'authorities']);
  const named = (name: string) => (file: YamlValue, place: string) =>
    certificateIn(text(file, place), place, read, name === 'authorities');
  const keys = list(keyId)(pins.get('keys'), `${at}.keys`);
  const certificates = list(named('certificates'))(pins.get('certificates'), `${at}.certificates`);
  const authorities = list(named('authorities'))(pins.get('authorities'), `${at}.authorities`);
  const pin: RootPin = {
    rootKeyIds: [...keys, ...certificates.flatMap(idsOf)],
    authorities: authorities.map(String),
  };
  if (pin.rootKeyIds.length + authorities.length > 0) return pin;
  throw wrong(root, at, 'keys, certificates or authorities, at least one');
}

function keyId(value: YamlValue, path: string): KeyId {
  try {
    return parseKeyId(text(value, path));
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw wrong(value, path, 'a key id of 64 hexadecimal digits in lower case, in quotes');
  }
}

function role(value: YamlValue, path: string): TargetsRole {
  const name = text(value, path);
  try {
    const found = parseRoleName(name);
    if (found === 'targets' || found.startsWith('targets/')) return found as TargetsRole;
  } catch (error) {
    if (!isStoreError(error)) throw error;
  }
  throw wrong(value, path, 'targets, targets/releases or targets/SIGNER');
}

function certificateIn(
  file: string,
  path: string,
  read: ReadNamed,
  isAuthority: boolean,
): X509Certificate {
  const wanted = `a file with one PEM certificate${isAuthority ? ' of an authority' : ''}`;
  let pem: string;
  try {
    pem = fromUtf8(read(file));
  } catch (error) {
    throw wrong(file, path, `${wanted} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`);
  }
  if (pem.match(/-----BEGIN CERTIFICATE-----/g)?.length !== 1) throw wrong(file, path, wanted);
  try {
    const certificate = new X509Certificate(pem);
    if (certificate.ca || !isAuthority) return certificate;
  } catch {
    // Said below.
  }
  throw wrong(file, path, wanted);
}

/** The id of the key in it, which stays when the certificate is made anew. */
function idsOf(certificate: X509Certificate): KeyId[] {
  const pem = certificate.toString();
  const kind = createPublicKey(pem).asymmetricKeyType === 'rsa' ? 'rsa-x509' : 'ecdsa-x509';
  return [publicKey(kind, utf8(pem)).canonicalId];
}
