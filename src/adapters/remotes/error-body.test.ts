import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../../test/support/property-runs.ts';
import { utf8 } from '../../base/index.ts';
import { parseErrorBody } from './error-body.ts';

const bodies: readonly [body: string, code: string, explanation: string][] = [
  // As notary-server 0.7.0 sends them.
  [
    '{"errors":[{"code":"VERSION","message":"A newer version of metadata is already available.","detail":{}}]}\n',
    'VERSION',
    'VERSION A newer version of metadata is already available.',
  ],
  [
    '{"errors":[{"code":"INVALID_UPDATE","message":"Update sent by the client is invalid.","detail":{"Name":"ErrBadRoot"}}]}',
    'INVALID_UPDATE',
    'INVALID_UPDATE Update sent by the client is invalid. {"Name":"ErrBadRoot"}',
  ],
  ['{"errors":[]}', '', ''],
  ['{"errors":[{"code":7}]}', '', ''],
  ['<html>', '', ''],
  ['', '', ''],
  ['{"errors":[{"message":"\\u001b[2Jgone\\u202e"}]}', '', ' [2Jgone '],
];

for (const [body, code, explanation] of bodies) {
  test(`a refusal like ${body.slice(0, 40)} explains ${JSON.stringify(explanation.slice(0, 40))}`, () => {
    assert.deepEqual(parseErrorBody(utf8(body)), { code, explanation });
  });
}

test('any body is read, and what it explains fits a line of a terminal', () => {
  const body = fc.oneof(
    fc.uint8Array(),
    fc.json().map(utf8),
    fc.string().map((message) => utf8(JSON.stringify({ errors: [{ message, detail: message }] }))),
  );
  fc.assert(
    fc.property(body, (bytes) => {
      const { explanation } = parseErrorBody(bytes);
      assert.ok(explanation.length <= 300 && !/\p{Cc}/u.test(explanation));
    }),
    runs,
  );
});
