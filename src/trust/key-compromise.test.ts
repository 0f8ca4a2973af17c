/**
 * Key compromise by role, on the accepting side: a role of an honest update is signed with the key of
 * another role instead of its own. Only its own key is worth anything, whichever role it is of, and
 * the keys that the server holds are worth nothing to whoever uploads.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  newSigner,
  partsOf,
  rootSigner,
  SimulatedPublisher,
} from '../../test/support/simulated-publisher.ts';
import { envelope } from '../../test/support/spoilt-files.ts';
import {
  edits,
  gun,
  kate,
  now,
  serverWithRepository,
  sub,
  tag,
} from '../../test/support/trust-world.ts';
import { isStoreError } from '../base/index.ts';
import { type RoleName, type Signer, withRoleKeys } from '../tuf/index.ts';

const roles = ['root', 'targets', kate, sub, 'snapshot'] as const;
/** `former`: the key that a role had before its owner gave it another. */
const keys = [...roles, 'former root', 'former targets'] as const;

for (const key of keys) {
  for (const role of roles) {
    const expected = key === role ? 'accepted' : 'TUF_BELOW_THRESHOLD';
    test(`key compromise: ${role} signed with the key of ${key}: ${expected}`, async () => {
      const { server, publisher, former } = await rotated();
      const update = await publisher.update(
        {
          root: (root) => root,
          targets: edits([
            ['targets', tag('v1')],
            [kate, tag('v1')],
            [sub, tag('v1')],
          ]),
        },
        now,
      );
      const parts = partsOf(update);
      const file = update.get(role) ?? assert.fail();
      const signers = former.get(key) ?? publisher.signers.get(key as RoleName) ?? [];
      // Signed with its own key it is: once more would be other bytes than the snapshot lists.
      if (key !== role) parts.set(role, envelope(file, await signed(signers, file.payload)));
      assert.equal(await outcome(server.accept(gun, parts, now), role), expected);
    });
  }
}

for (const key of ['timestamp', 'snapshot'] as const) {
  test(`key compromise: whoever holds the server's key of ${key} alone uploads nothing`, async () => {
    const { server, publisher, keys: held } = await serverWithRepository();
    const published = (await publisher.published('root', now)) ?? assert.fail();
    const ids = published.signed.roles.get(key)?.keyIds ?? [];
    const signers = await held.signers(gun, key, ids, now);
    for (const role of ['root', 'targets', kate] as const) {
      const edit = role === 'root' ? { root: published.signed } : undefined;
      const targets = edits(role === 'root' ? [] : [[role, tag('v1')]]);
      const update = await publisher.update(
        { ...(edit && { root: () => edit.root }), targets },
        now,
      );
      const file = update.get(role) ?? assert.fail();
      const parts = new Map([[role, envelope(file, await signed(signers, file.payload))]]);
      assert.equal(await outcome(server.accept(gun, parts, now), role), 'TUF_BELOW_THRESHOLD');
    }
  });
}

test('key compromise: with the key of root alone nobody gets around the keys of delegations', async () => {
  const { server, publisher } = await serverWithRepository();
  const thief = new SimulatedPublisher(server, gun, now);
  thief.signers.set('root', publisher.signers.get('root') ?? []).set(kate, [newSigner()]);
  const [mine] = thief.signers.get('targets') ?? [];
  const root = await thief.update(
    { root: (old) => withRoleKeys(old, 'targets', [mine?.key ?? assert.fail()]) },
    now,
  );
  const delegation = await thief.update({ targets: edits([[kate, tag('evil')]]) }, now);
  // A root that replaces the key of targets needs targets by the new one, which the thief can make.
  const alone = partsOf(root);
  assert.equal(await outcome(server.accept(gun, alone, now), 'targets'), 'TUF_BELOW_THRESHOLD');
  const targets = await thief.update({ targets: edits([['targets', (same) => same]]) }, now);
  const all = new Map([...partsOf(root), ...partsOf(targets), ...partsOf(delegation)]);
  assert.equal(await outcome(server.accept(gun, all, now), kate), 'TUF_BELOW_THRESHOLD');
});

async function signed(signers: readonly Signer[], payload: Uint8Array) {
  return await Promise.all(signers.map((signer) => signer.sign(payload)));
}

/** The code by which this role was refused. */
async function outcome(update: Promise<unknown>, refused: RoleName): Promise<string> {
  try {
    await update;
    return 'accepted';
  } catch (error) {
    if (!isStoreError(error)) throw error;
    assert.equal(error.detail.refused, refused, error.message);
    return error.code;
  }
}

/** A publisher who holds all keys but the timestamp's, and gave root and targets new ones. */
async function rotated() {
  const world = await serverWithRepository({ holdsSnapshot: true });
  const { server, publisher } = world;
  const former = new Map<string, readonly Signer[]>([
    ['former root', publisher.signers.get('root') ?? []],
    ['former targets', publisher.signers.get('targets') ?? []],
  ]);
  const [root, targets] = [rootSigner(gun, now), newSigner()];
  publisher.signers.set('root', [root, ...(former.get('former root') ?? [])]);
  publisher.signers.set('targets', [targets]);
  const update = await publisher.update(
    {
      root: (old) => withRoleKeys(withRoleKeys(old, 'root', [root.key]), 'targets', [targets.key]),
      targets: edits([['targets', (same) => same]]),
    },
    now,
  );
  await server.accept(gun, partsOf(update), now);
  publisher.signers.set('root', [root]);
  return { server, publisher, former };
}
