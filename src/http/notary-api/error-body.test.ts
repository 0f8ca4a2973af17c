import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { StoreError, utf8 } from '../../base/index.ts';
import { trustErrors } from '../../trust/index.ts';
import { tufErrors } from '../../tuf/index.ts';
import { answerTo } from './error-body.ts';
import { notaryErrors } from './errors.ts';

const context = { status: undefined, upload: true, wanted: [] };
const refusedRoles = ['root', 'targets', 'targets/kate', 'snapshot', 'timestamp'];
const names = ['ErrBadRoot', 'ErrBadTargets', 'ErrBadTargets', 'ErrBadSnapshot', 'ErrValidation'];

test('every code of the metadata format refuses an update under the name of the role', () => {
  for (const code of Object.keys(tufErrors)) {
    for (const [i, refused] of refusedRoles.entries()) {
      const { status, body, expected } = answerTo(
        new StoreError(code, 'why', { refused }),
        context,
      );
      const [error] = JSON.parse(body).errors;
      assert.deepEqual([status, error.code, expected], [400, 'INVALID_UPDATE', true], code);
      assert.deepEqual(error.detail, { Name: names[i], Error: { Msg: 'why' }, Code: code });
    }
  }
});

test('outside of an update a code of the metadata format is not the client at fault', () => {
  for (const code of Object.keys(tufErrors)) {
    const { status, expected } = answerTo(new StoreError(code, 'why'), {
      ...context,
      upload: false,
    });
    assert.deepEqual([status, expected], [500, false], code);
  }
});

test('every code of the trust server and of this API is a 4xx, or says to come back', () => {
  for (const code of [...Object.keys(trustErrors), ...Object.keys(notaryErrors)]) {
    const { status, expected } = answerTo(new StoreError(code, 'why'), context);
    const comeBack = code === 'TRUST_SIGNER_UNAVAILABLE';
    assert.ok(expected && (comeBack ? status === 503 : status >= 400 && status < 500), code);
  }
});

test('whatever an error says, Go clients can read its body', () => {
  const codes = [
    ...Object.keys(tufErrors),
    ...Object.keys(trustErrors),
    ...Object.keys(notaryErrors),
  ];
  const long = fc.string({ unit: 'binary', maxLength: 3000 });
  const detail = fc.record({ refused: long, text: long, role: long }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.constantFrom(...codes), long, detail, long, (code, message, detail, name) => {
      const error = new StoreError(code, message, detail);
      for (const status of [undefined, 401]) {
        const wanted = [{ Type: 'repository', Name: name }];
        const { body } = answerTo(error, { status, upload: true, wanted });
        assert.ok(utf8(body).length < 1024);
        assert.equal(JSON.parse(body).errors.length, 1);
      }
    }),
    runs,
  );
});
