import { isStoreError } from '../../base/index.ts';
import type { TrustPin, TrustPolicy, TrustRule } from '../../client/index.ts';
import { parseRoleName, plainName, type TargetsRole } from '../../tuf/index.ts';
import { parseYaml } from './parse-yaml.ts';
import { type ReadNamed, rootPin } from './root-pin.ts';
import {
  countOrNone,
  filled,
  list,
  oneOf,
  orElse,
  text,
  wrong,
  type YamlValue,
} from './yaml-values.ts';

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
  if (members.has('firstUse') && firstUse) {
    throw wrong(firstUse, `${path}.firstUse`, 'false, or nothing, where a root is pinned');
  }
  return rootPin(members.get('root'), `${path}.root`, read);
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
