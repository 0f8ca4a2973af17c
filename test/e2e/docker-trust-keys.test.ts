/**
 * What `docker trust` does beyond docker's own, on Debian's notary-server and on ours: each effect is
 * read by notary 0.7, and what notary did is read by ours.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TrustPerson, type TrustPlace } from '../support/trust-person.ts';
import { trustPlaces } from '../support/trust-places.ts';

const gun = '127.0.0.1:5000/app/demo';
const hex = (digit: string) => digit.repeat(64);

for (const [name, open] of Object.entries(trustPlaces)) {
  describe(`on ${name}`, () => {
    let place: TrustPlace & AsyncDisposable;
    let paula: TrustPerson;
    const addTag = (person: TrustPerson, tag: string, role = 'targets') =>
      person.notary('addhash', gun, tag, '1', '--sha256', hex('1'), '-r', role, '-p');
    before(async () => {
      place = await open();
      paula = new TrustPerson(place);
      await paula.ours('key', 'generate', 'jeff', '--dir', paula.folder);
      await paula.ours('signer', 'add', '--key', join(paula.folder, 'jeff.pub'), 'jeff', gun);
    });
    after(async () => {
      paula?.[Symbol.dispose]();
      await place?.[Symbol.asyncDispose]();
    });

    test('key ls shows what notary key list shows', async () => {
      const listed = await paula.notary('key', 'list');
      const keys: { id: string; role: string }[] = JSON.parse(
        await paula.ours('key', 'ls', '--json'),
      );
      assert.equal(keys.length, 3);
      for (const { id, role } of keys) assert.match(listed, new RegExp(`^${role} .*${id}`, 'm'));
    });

    test('keys that ours exports sign with notary, and the other way round', async () => {
      const ways = [
        [
          (who: TrustPerson, file: string) => who.ours('key', 'export', '-o', file),
          (who: TrustPerson, file: string) => who.notary('key', 'import', file),
        ],
        [
          (who: TrustPerson, file: string) => who.notary('key', 'export', '-o', file),
          (who: TrustPerson, file: string) => who.ours('key', 'import', file),
        ],
        [
          (who: TrustPerson, file: string) => who.ours('key', 'backup', file),
          (who: TrustPerson, file: string) => who.notary('key', 'import', file),
        ],
      ] as const;
      for (const [i, [give, take]] of ways.entries()) {
        using other = new TrustPerson(place);
        const file = join(other.folder, 'keys.pem');
        await give(paula, file);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        await take(other, file);
        assert.equal((await other.notary('key', 'list')).match(/[0-9a-f]{64}/g)?.length, 3);
        await addTag(other, `v${i}`, 'targets/releases');
        await other.ours('revoke', `${gun}:v${i}`);
      }
    });

    test('a passphrase that ours changed is the one notary wants, and the other way round', async () => {
      using other = paula.copy('private');
      const keys: { id: string }[] = JSON.parse(await other.ours('key', 'ls', '--json'));
      for (const { id } of keys) {
        const env = { COUNTERMARK_NEW_PASSPHRASE: 'the next passphrase' };
        assert.equal((await other.runOurs(['key', 'passwd', id], { env })).code, 0);
      }
      using late = other.copy('private');
      assert.equal((await late.runNotary(['key', 'rotate', gun, 'targets'])).code, 1);
      other.passphrase = 'the next passphrase';
      await addTag(other, 'passwd', 'targets/releases');
      await other.ours('key', 'backup', join(other.folder, 'backup'));
      assert.match(
        readFileSync(join(other.folder, 'backup'), 'utf8'),
        /^Countermark key backup 1: 3/,
      );
      await other.ours('revoke', `${gun}:passwd`);
    });

    test('what ours restores is a folder that signs', async () => {
      using other = new TrustPerson(place);
      const file = join(other.folder, 'backup');
      await paula.ours('key', 'backup', file);
      await other.ours('key', 'restore', file);
      await addTag(other, 'restored', 'targets/releases');
      assert.deepEqual(await paula.ourTags(gun), ['restored']);
      await other.ours('revoke', `${gun}:restored`);
      rmSync(file);
    });
  });
}
