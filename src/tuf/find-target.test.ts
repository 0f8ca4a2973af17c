import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeSigner, SimulatedRepository } from '../../test/support/simulated-repository.ts';
import {
  acceptDelegation,
  allTargets,
  digestOfTarget,
  findTarget,
  listTargets,
  parseDelegationName,
  parseGun,
  parseRoleName,
  type RoleName,
  refreshTrustedSet,
  requireNotSkipped,
  rolesVouchingFor,
  type TargetsRole,
  type TrustedSet,
  withDelegation,
  withTarget,
} from './index.ts';

const gun = parseGun('registry.example.com/acme/app');
const now = new Date('2026-11-21T00:00:00Z');

/*
 * A tree is a list of roles in the order they are named by their parent: `role paths: targets`. A
 * target is `name=digit`, the digit stands for its content. What is asked and answered:
 * `name -> role=digit`, or the code.
 */
type Tree = readonly string[];

describe("docker's order: targets/releases, then targets", () => {
  // biome-ignore format: a table
  const cases: readonly (readonly [tree: Tree, name: string, expected: string])[] = [
    [['targets *: a=1'],                                                'a', 'targets=1'],
    [['targets *: a=1'],                                                'b', 'TUF_TARGET_UNKNOWN'],
    [['targets *: a=1'],                                                '__proto__', 'TUF_TARGET_UNKNOWN'],
    [['targets *: __proto__=1'],                                        '__proto__', 'targets=1'],
    [['targets *: a=1', 'targets/releases *: a=2'],                     'a', 'targets/releases=2'],
    [['targets *: a=1', 'targets/releases *: b=2'],                     'a', 'targets=1'],
    [['targets *:', 'targets/jeff *: a=1', 'targets/releases *: a=1'],  'a', 'targets/releases=1'],
    [['targets *:', 'targets/jeff *: a=1'],                             'a', 'TUF_TARGET_NOT_RELEASED'],
    [['targets *:', 'targets/jeff *: a=1', 'targets/releases *: b=1'],  'a', 'TUF_TARGET_NOT_RELEASED'],
    [['targets *: a=1', 'targets/releases *:', 'targets/releases/x *: a=2'], 'a', 'TUF_TARGET_NOT_RELEASED'],
    // Outside of its prefixes a name is not there.
    [['targets *:', 'targets/releases b: a=1'],                         'a', 'TUF_TARGET_UNKNOWN'],
    [['targets *: a=1', 'targets/releases b: a=2'],                     'a', 'targets=1'],
    [['targets *:', 'targets/releases a: app=1'],                       'app', 'targets/releases=1'],
    [['targets *:', 'targets/releases a|b: b=1'],                       'b', 'targets/releases=1'],
    [['targets *:', 'targets/releases -: a=1'],                         'a', 'TUF_TARGET_UNKNOWN'],
  ];
  for (const [tree, name, expected] of cases) {
    test(`${tree.join('; ')} -> ${name}: ${expected}`, async () => {
      const set = await trusted(tree);
      if (expected.startsWith('TUF_')) {
        assert.throws(() => findTarget(set, name), { code: expected });
        assert.ok(listTargets(set).every((target) => target.name !== name));
        return;
      }
      const target = findTarget(set, name);
      assert.equal(`${target.role}=${digit(target)}`, expected);
      assert.deepEqual(
        listTargets(set).find((each) => each.name === name),
        target,
      );
    });
  }

  test('a name that others sign says by whom', async () => {
    const set = await trusted(['targets *:', 'targets/jeff *: a=1', 'targets/kate *: a=2']);
    const expected = { detail: { name: 'a', roles: ['targets/jeff', 'targets/kate'] } };
    assert.throws(() => findTarget(set, 'a'), expected);
  });
});

describe('other roles can be asked', () => {
  const tree = [
    'targets *: a=1',
    'targets/jeff *:',
    'targets/kate *: a=3',
    'targets/jeff/x *: a=2',
  ];
  const cases: readonly (readonly [asked: readonly string[], expected: string])[] = [
    [['targets/kate'], 'targets/kate=3'],
    [['targets/kate', 'targets'], 'targets/kate=3'],
    [['targets/jeff/x', 'targets'], 'targets/jeff/x=2'],
    [['targets/none', 'targets'], 'targets=1'],
    [['targets/jeff', 'targets/jeff/x'], 'targets/jeff/x=2'],
  ];
  for (const [asked, expected] of cases) {
    test(`${asked}: ${expected}`, async () => {
      const roles = asked.map((role) => parseRoleName(role) as TargetsRole);
      const target = findTarget(await trusted(tree), 'a', { roles });
      assert.equal(`${target.role}=${digit(target)}`, expected);
    });
  }
});

test('a role that is asked on its own is not asked below another', async () => {
  const set = await trusted(['targets *:', 'targets/jeff *: a=1', 'targets/kate *: a=2']);
  const roles = ['targets', parseDelegationName('targets/jeff')] as const;
  assert.throws(() => findTarget(set, 'a', { roles }), { code: 'TUF_TARGET_NOT_RELEASED' });
});

describe('delegations', () => {
  test('lie within the prefixes of all above them', async () => {
    const set = await trusted([
      'targets *:',
      'targets/a x: x1=1 y1=1',
      'targets/a/b x1|y|xx: x1=1 x2=1 xx=1 y1=1',
    ]);
    const names = allTargets(set).map(({ role, name }) => `${role} ${name}`);
    assert.deepEqual(names, ['targets/a x1', 'targets/a/b x1', 'targets/a/b xx']);
    assert.deepEqual(set.targets.get(parseDelegationName('targets/a/b'))?.paths, ['x1', 'xx']);
  });

  test('are walked in pre-order, in the order their parent names them', async () => {
    const tree = ['targets *:', 'targets/b *:', 'targets/a *:', 'targets/b/z *:', 'targets/b/y *:'];
    const set = await trusted(tree);
    const order = ['targets', 'targets/b', 'targets/b/z', 'targets/b/y', 'targets/a'];
    assert.deepEqual([...set.targets.keys()], order);
  });

  test('that were never signed are passed over, with all below them', async () => {
    const set = await trusted(['targets *: a=1', 'targets/releases *: !']);
    assert.deepEqual([...set.targets.keys()], ['targets']);
    assert.equal(findTarget(set, 'a').role, 'targets');
    const bytes = set.targets.get('targets')?.file.bytes ?? assert.fail();
    assert.throws(
      () => acceptDelegation(set, parseDelegationName('targets/releases'), bytes, now),
      {
        code: 'TUF_NOT_IN_SNAPSHOT',
      },
    );
  });

  test('that nobody names (extraneous dependencies) are not accepted, whatever the snapshot lists', async () => {
    const set = await trusted(['targets *:', 'targets/a *:']);
    const bytes = set.targets.get(parseDelegationName('targets/a'))?.file.bytes ?? assert.fail();
    for (const name of ['targets/b', 'targets/a/b', 'targets/b/c']) {
      assert.throws(() => acceptDelegation(set, parseDelegationName(name), bytes, now), {
        code: 'TUF_DELEGATION_UNKNOWN',
      });
    }
  });

  test('that could not be verified are not silently replaced by an older entry', async () => {
    const set = await trusted(['targets *: a=1', 'targets/releases *: a=2 expired'], 'lenient');
    assert.throws(() => findTarget(set, 'a'), { code: 'TUF_EXPIRED' });
    assert.throws(() => listTargets(set), { code: 'TUF_EXPIRED' });
    assert.throws(() => requireNotSkipped(set, parseDelegationName('targets/releases/x')), {
      code: 'TUF_EXPIRED',
    });
    assert.doesNotThrow(() => requireNotSkipped(set, 'targets'));
    assert.equal(digit(findTarget(set, 'a', { whenSkipped: 'fall-back' })), 1);
    assert.equal(listTargets(set, { whenSkipped: 'fall-back' }).length, 1);
    assert.equal(findTarget(set, 'a', { roles: ['targets'] }).role, 'targets');
  });
});

test('the roles that vouch for a target sign the very same size and hashes', async () => {
  const tree = [
    'targets *: a=2',
    'targets/jeff *: a=1',
    'targets/kate *: a=2',
    'targets/releases *: a=1',
  ];
  const set = await trusted(tree);
  assert.deepEqual(rolesVouchingFor(set, findTarget(set, 'a')), [
    'targets/jeff',
    'targets/releases',
  ]);
});

test('a target without sha256 names no image', async () => {
  const set = await trusted(['targets *: a=1']);
  const target = findTarget(set, 'a');
  assert.equal(digestOfTarget(target), `sha256:${'01'.repeat(32)}`);
  const other = { ...target, hashes: new Map([['sha512', new Uint8Array(64)]]) };
  assert.throws(() => digestOfTarget(other), { code: 'TUF_TARGET_NO_SHA256' });
});

async function trusted(
  tree: Tree,
  delegations: 'strict' | 'lenient' = 'strict',
): Promise<TrustedSet> {
  const repository = new SimulatedRepository(gun, now);
  const published: TargetsRole[] = [];
  for (const line of tree) {
    const [, name = '', paths = '', rest = ''] =
      /^(\S+) (\S+): ?(.*)$/.exec(line) ?? assert.fail(line);
    const role = parseRoleName(name) as TargetsRole;
    if (role !== 'targets') delegate(repository, role, pathsOf(paths));
    if (rest === '!') continue;
    const expired = rest.endsWith('expired');
    const entries = rest
      .replace(/ ?expired$/, '')
      .split(' ')
      .filter((entry) => entry !== '');
    repository.edit(role, now, (targets) => {
      const filled = entries.reduce((all, entry) => {
        const [target = '', content] = entry.split('=');
        const hashes = new Map([['sha256', new Uint8Array(32).fill(Number(content))]]);
        return withTarget(all, target, { sizeBytes: 5, hashes });
      }, targets);
      return expired ? { ...filled, expiresAt: new Date(now.getTime() - 1) } : filled;
    });
    published.push(role);
  }
  await repository.publish(['root', ...published], now);
  const anchor = repository.served.get('root') ?? assert.fail();
  return await refreshTrustedSet({ gun, anchor, source: repository.source, now, delegations });
}

function delegate(repository: SimulatedRepository, role: RoleName, paths: readonly string[]): void {
  const name = parseDelegationName(role);
  const parent = name.slice(0, name.lastIndexOf('/')) as TargetsRole;
  const signer = makeSigner();
  repository.signers.set(name, [signer]);
  const edit = { name, keys: [signer.key], paths };
  repository.targets.set(
    parent,
    withDelegation(repository.targets.get(parent) ?? assert.fail(), edit),
  );
}

function pathsOf(text: string): string[] {
  if (text === '-') return [];
  return text === '*' ? [''] : text.split('|');
}

function digit(target: { hashes: ReadonlyMap<string, Uint8Array> }): number | undefined {
  return target.hashes.get('sha256')?.[0];
}
