/**
 * Trust folders of notary 0.1 and 0.3, from the compatibility data of the notary repository, opened where
 * they are. They are not ours to copy: `COMPAT_TRUST_FOLDERS` names the folder that holds
 * `compat-notary-0.1` and `compat-notary-0.3`, each a trust folder.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { utf8 } from '../../base/index.ts';
import { authorityOf, parseGun, parseRoot, verifySignature } from '../../tuf/index.ts';
import { firstOf, fixedPassphrase } from '../passphrase/index.ts';
import { KeyFolder, keptRepositories, MetadataFolder } from './index.ts';

const place = process.env.COMPAT_TRUST_FOLDERS ?? '';
const payload = utf8('what is signed');

/** Folder -> GUN, passphrase of every key, and roles of its keys. */
const folders: readonly [name: string, gun: string, passphrase: string, roles: string[]][] = [
  [
    'compat-notary-0.1',
    'docker.com/notary0.1/samplerepo',
    'randompass',
    ['root', 'snapshot', 'targets'],
  ],
  [
    'compat-notary-0.3',
    'docker.com/notary0.3/tst',
    'password',
    ['root', 'snapshot', 'targets', 'targets/releases'],
  ],
];

for (const [name, text, passphrase, roles] of folders) {
  const trust = join(place, name);
  const isThere = place !== '' && existsSync(join(trust, 'private'));
  const skip = isThere
    ? false
    : `${name} is not here: COMPAT_TRUST_FOLDERS does not name its folder`;
  const gun = parseGun(text);

  test(`every key of ${name} opens and signs, where it lies`, { skip }, async () => {
    const store = new KeyFolder(trust, firstOf(fixedPassphrase(passphrase)));
    const keys = await store.keys();
    assert.deepEqual(keys.map(({ role }) => role).sort(), roles);
    for (const { id, role, gun: of } of keys) {
      const signer = await store.signer(id);
      verifySignature(signer.key, await signer.sign(payload), payload);
      assert.equal(of, role === 'targets' || role === 'snapshot' ? gun : undefined);
    }
  });

  test(`the metadata of ${name} is read, and its root names a key that is there`, {
    skip,
  }, async () => {
    const kept = await new MetadataFolder(trust).load(gun);
    assert.ok(['root', 'targets', 'snapshot'].every((role) => kept.has(role as 'root')));
    const root = parseRoot(kept.get('root') ?? new Uint8Array());
    const store = new KeyFolder(trust, fixedPassphrase(passphrase));
    const held = (await store.keys()).map(({ id }) => id);
    const named = [...authorityOf(root.signed, 'root').keys.values()];
    assert.ok(named.some(({ canonicalId }) => held.includes(canonicalId)));
    assert.deepEqual(
      (await keptRepositories(trust)).map((each) => each.gun),
      [gun],
    );
  });
}
