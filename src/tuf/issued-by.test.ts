import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { utf8 } from '../base/index.ts';
import { isIssuedBy, publicKey } from './index.ts';

/* Certificates of openssl's making: a name, who issued it, and what it is. */
const folder = mkdtempSync(join(tmpdir(), 'cm-issued-'));
const made: readonly [name: string, issuer: string, extensions: string, days: number][] = [
  ['ca', 'ca', 'basicConstraints=critical,CA:TRUE', 3650],
  // The same name, another key.
  ['impostor', 'impostor', 'basicConstraints=critical,CA:TRUE', 3650],
  ['between', 'ca', 'basicConstraints=critical,CA:TRUE', 3650],
  ['short', 'ca', 'basicConstraints=critical,CA:TRUE', 1],
  // An ordinary certificate must not issue another.
  ['user', 'ca', 'basicConstraints=critical,CA:FALSE', 3650],
  ['leaf', 'ca', 'basicConstraints=CA:FALSE', 3650],
  ['deep', 'between', 'basicConstraints=CA:FALSE', 3650],
  ['under-short', 'short', 'basicConstraints=CA:FALSE', 3650],
  ['by-user', 'user', 'basicConstraints=CA:FALSE', 3650],
  ['by-impostor', 'impostor', 'basicConstraints=CA:FALSE', 3650],
  ['own', 'own', 'basicConstraints=CA:FALSE', 3650],
  // Signed with SHA-1.
  ['weak', 'ca', 'basicConstraints=critical,CA:TRUE', 3650],
  ['under-weak', 'weak', 'basicConstraints=CA:FALSE', 3650],
];

const pem = (name: string) => readFileSync(join(folder, `${name}.pem`), 'latin1');
const openssl = (args: string) =>
  execFileSync('openssl', args.split(' '), { cwd: folder, stdio: 'pipe' });

before(() => {
  for (const [name, issuer, extensions, days] of made) {
    const subject = `/CN=${name === 'impostor' ? 'ca' : name}`;
    writeFileSync(join(folder, 'ext'), `${extensions}\n`);
    openssl(`ecparam -name prime256v1 -genkey -noout -out ${name}.key`);
    openssl(`req -new -key ${name}.key -subj ${subject} -out ${name}.csr`);
    const by = issuer === name ? `-signkey ${name}.key` : `-CA ${issuer}.pem -CAkey ${issuer}.key`;
    const serial = issuer === name ? '' : ' -CAcreateserial';
    const hash = name === 'weak' ? '-sha1' : '-sha256';
    openssl(
      `x509 -req ${hash} -in ${name}.csr ${by}${serial} -extfile ext -days ${days} -out ${name}.pem`,
    );
  }
});
after(() => rmSync(folder, { recursive: true }));

/* The certificates of a root key, leaf first; the authorities that are trusted; and whether it counts. */
const cases: readonly [chain: string[], authorities: string[], counts: boolean][] = [
  [['leaf'], ['ca'], true],
  [['leaf'], ['impostor', 'ca'], true],
  [['leaf'], ['impostor'], false],
  [['leaf'], [], false],
  [['leaf'], ['leaf'], false],
  [['own'], ['ca'], false],
  [['own'], ['own'], false],
  [['deep', 'between'], ['ca'], true],
  [['deep', 'between', 'ca'], ['ca'], true],
  [['deep'], ['ca'], false],
  [['deep'], ['between'], true],
  [['by-impostor'], ['ca'], false],
  [['by-impostor', 'impostor'], ['ca'], false],
  [['by-impostor', 'ca'], ['ca'], false],
  [['own', 'ca'], ['ca'], false],
  [['under-short', 'short'], ['ca'], true],
  [['under-weak', 'weak'], ['ca'], false],
  [['under-weak'], ['weak'], true],
];

for (const [chain, authorities, counts] of cases) {
  test(`${chain.join(' with ')}: ${counts ? 'issued' : 'not issued'} by ${authorities.join(' or ') || 'nobody'}`, () => {
    const key = publicKey('ecdsa-x509', utf8(chain.map(pem).join('')));
    assert.equal(isIssuedBy(key, authorities.map(pem), new Date()), counts);
  });
}

test('an authority that has expired issues nothing any more', () => {
  const later = new Date(Date.now() + 5 * 24 * 3_600_000);
  const key = publicKey('ecdsa-x509', utf8(['under-short', 'short'].map(pem).join('')));
  assert.equal(isIssuedBy(key, [pem('ca')], later), false);
});

test('a certificate that is no authority issues nothing', () => {
  const key = publicKey('ecdsa-x509', utf8(pem('by-user')));
  assert.equal(isIssuedBy(key, [pem('user')], new Date()), false);
});
