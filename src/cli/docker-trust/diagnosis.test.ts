import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remoteErrors } from '../../adapters/remotes/index.ts';
import { clientErrors } from '../../client/index.ts';
import { tufErrors } from '../../tuf/index.ts';
import { diagnose, diagnosed } from './diagnosis.ts';

const patient = {
  gun: 'localhost:5443/acme/app',
  link: 'targets',
  subject: 'targets',
  title: 'docker dct',
  folder: '/home/paula/.docker/trust',
} as const;

/** Codes that no verification ends with: those of names, edits and publishing. */
const notOfReading =
  /^(TUF_(GUN|ROLE|KEY)_|TUF_TARGET_NAME|TUF_CUSTOM|TUF_NOT_FIXPOINT)|^CLIENT_(NO_SIGNING|KEY_|TARGET_NOT|NO_DELEGATION|OUTSIDE_PATHS|ROLE_|STAGED_|SUPERSEDED|PUBLISHED)|^REMOTE_(PLAIN|TOO_LARGE|REDIRECT|CHALLENGE|TOKEN|ANSWER|DOCKER|CREDENTIAL)/;

test('every code that verifying an image can end with has a rule and a remedy', () => {
  const codes = [tufErrors, clientErrors, remoteErrors].flatMap((table) => Object.keys(table));
  const missing = codes.filter((code) => !notOfReading.test(code) && !diagnosed.has(code));
  assert.deepEqual(missing, []);
});

for (const code of diagnosed) {
  test(`${code} is told in whole words`, () => {
    const { rule, remedy } = diagnose(code, patient);
    for (const text of [rule, remedy]) {
      assert.doesNotMatch(text, /undefined|\[object|\$\{/);
      assert.ok(text.length >= 7, text);
    }
  });
}

test('a code without an entry is not explained away', () => {
  assert.deepEqual(diagnose('__proto__', patient), {
    rule: '__proto__',
    remedy: 'docs/errors.md tells what this code means',
  });
});
