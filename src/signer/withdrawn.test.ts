import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyHolder } from './index.ts';
import { KeyService } from './key-service.ts';
import { parseWithdrawn } from './withdrawn.ts';

const one = 'ab'.repeat(32);
const two = 'cd'.repeat(32);
const now = new Date('2026-11-21T10:00:00Z');

const lists: readonly [what: string, text: string, expected: readonly string[]][] = [
  ['nothing', '', []],
  ['remarks and empty lines', '# none yet\n\n  \n', []],
  ['one with a remark', `${one}  # blue 2026\n`, [one]],
  [
    'two, one as OpenSSL prints it',
    `${one}\r\n${two.toUpperCase().replace(/..(?!$)/g, '$&:')}`,
    [one, two],
  ],
  ['one twice', `${one}\n${one}\n`, [one]],
];
for (const [what, text, expected] of lists) {
  test(`a list of withdrawn certificates with ${what} is read`, () => {
    assert.deepEqual([...parseWithdrawn(text)], expected);
  });
}

for (const text of ['blue', one.slice(1), `${one} ${two}`, `${one}\nblue`, `//${one}`]) {
  test(`"${text.slice(0, 20)}" of ${text.length} characters is no list`, () => {
    assert.throws(() => parseWithdrawn(text), { code: 'SIGNER_WITHDRAWN_LIST' });
  });
}

test('no call reaches a key for a certificate that was withdrawn, whatever it is granted', async () => {
  const touched = () => assert.fail('a key was asked for');
  const keys: KeyHolder = { pending: touched, find: touched, sign: touched, remove: touched };
  const service = new KeyService(keys, {
    grants: 'every caller may do all',
    withdrawn: new Set([one]),
  });
  const endsAt = new Date(now.getTime() + 1);
  const caller = { fingerprint: one, commonName: 'blue', names: [], endsAt };
  const request = { algorithm: 'ecdsa', gun: 'example.com/app', role: 'timestamp' };
  const refused = { code: 'SIGNER_WITHDRAWN' };
  assert.throws(() => service.admit(caller, now), refused);
  await assert.rejects(service.createKey(caller, request, now), refused);
  await assert.rejects(service.keyInfo(caller, two), refused);
  await assert.rejects(service.sign(caller, two, new Uint8Array(), now), refused);
  await assert.rejects(service.deleteKey(caller, two, now), refused);
  service.admit({ ...caller, fingerprint: two }, now);
  assert.throws(() => service.admit({ ...caller, fingerprint: two }, endsAt), {
    code: 'SIGNER_CERTIFICATE_ENDED',
  });
});
