import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { makeAuthority, makeMember } from '../../adapters/certificates/index.ts';
import { readTlsFolder } from './tls-folder.ts';

const now = new Date();
const authority = makeAuthority(now);
const member = (commonName: string) =>
  makeMember(authority, { commonName, use: 'clientAuth', hosts: [], now });
const [one, other] = [member('one'), member('other')];
const keyOf = ({ privateKey }: typeof one) => privateKey.reveal();

const config = mkdtempSync(join(tmpdir(), 'cm-tls-folder-'));
after(() => rmSync(config, { recursive: true, force: true }));

/* Files of the folder, and which of two certificates is shown; or what is wrong. */
const folders: readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  shown: typeof one | 'nobody' | RegExp,
][] = [
  ['nothing', {}, 'nobody'],
  ['something else', { 'read.me': 'x' }, 'nobody'],
  ['a pair', { 'client.cert': one.certificate, 'client.key': keyOf(one) }, one],
  [
    'two pairs',
    {
      ...{ 'b.cert': one.certificate, 'b.key': keyOf(one) },
      ...{ 'a.cert': other.certificate, 'a.key': keyOf(other) },
    },
    other,
  ],
  [
    'a chain',
    {
      'client.cert': `${one.certificate}\n${authority.certificate}`,
      'client.key': keyOf(one),
    },
    one,
  ],
  ['no key', { 'client.cert': one.certificate }, /client\.cert needs client\.key/],
  ['no certificate', { 'client.key': keyOf(one) }, /client\.key needs client\.cert/],
  [
    "another's key",
    { 'client.cert': one.certificate, 'client.key': keyOf(other) },
    /the key of client\.cert is another's/,
  ],
  [
    'no PEM',
    { 'client.cert': 'x', 'client.key': keyOf(one) },
    /client\.cert or its key is damaged/,
  ],
  [
    'a key that is none',
    { 'client.cert': one.certificate, 'client.key': 'TOP SECRET' },
    /client\.cert or its key is damaged/,
  ],
];

for (const [i, [what, files, shown]] of folders.entries()) {
  test(`with ${what} in tls/HOST`, async () => {
    const host = `host:${i}`;
    mkdirSync(join(config, 'tls', host), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(config, 'tls', host, name), text);
    }
    const reading = readTlsFolder(config, host);
    if (shown instanceof RegExp) {
      await assert.rejects(reading, (error: Error & { code?: string }) => {
        assert.equal(error.code, 'CONFIG_TLS_FOLDER');
        assert.match(error.message, shown);
        assert.doesNotMatch(error.message, /SECRET|PRIVATE/);
        return true;
      });
      return;
    }
    const { ca, identity } = await reading;
    assert.equal(ca, undefined);
    if (shown === 'nobody') assert.equal(identity, undefined);
    else {
      assert.equal(identity?.key.reveal(), keyOf(shown));
      assert.ok(identity.certificate.startsWith(shown.certificate));
    }
  });
}

test('without tls/HOST the system alone vouches', async () => {
  assert.deepEqual(await readTlsFolder(config, 'nobody.example'), {});
});

test('every .crt vouches, beside the authorities of the system', async () => {
  const place = join(config, 'tls', 'ca.example');
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'a.crt'), authority.certificate);
  writeFileSync(join(place, 'b.crt'), one.certificate);
  const { ca = '' } = await readTlsFolder(config, 'ca.example');
  for (const each of [authority.certificate, one.certificate, rootCertificates[0] ?? '?']) {
    assert.ok(ca.includes(each));
  }
});

test('what is there and cannot be read is not taken for nothing', async () => {
  writeFileSync(join(config, 'tls', 'file.example'), '');
  await assert.rejects(readTlsFolder(config, 'file.example'), { code: 'CONFIG_TLS_FOLDER' });
  mkdirSync(join(config, 'tls', 'folder.example', 'ca.crt'), { recursive: true });
  await assert.rejects(readTlsFolder(config, 'folder.example'), {
    code: 'CONFIG_TLS_FOLDER',
    message: /ca\.crt: EISDIR/,
  });
});
