import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStoreError } from '../../base/index.ts';
import { parsePolicy } from './index.ts';

// One row: what a mirror of `registry.mirrors` says, the code, and words that the message must have.
// biome-ignore format: a table
const refused: readonly [mirror: string, code: string, says: string][] = [
  ['upstream: docker.io',                                      'POLICY_VALUE',       'mirrors[0].folder'],
  ['folder: store/x, upstream: a.b',                           'POLICY_VALUE',       'ordinary'],
  ['folder: m/.., upstream: a.b',                              'POLICY_VALUE',       'folder'],
  ['folder: m, upstream: a.b, follow: [{ tags: v* }]',         'POLICY_VALUE',       'follow[0].repository'],
  ['folder: m, upstream: a.b, follow: [{ repository: ../x }]', 'POLICY_VALUE',       'a repository of the folder'],
  ['folder: m',                                                'POLICY_VALUE',       'mirrors[0].upstream'],
  ['folder: m, upstream: a.b/C',                               'POLICY_VALUE',       'a registry'],
  ['folder: m, upstream: a.b/../c',                            'POLICY_VALUE',       'a registry'],
  ['folder: m, upstream: ftp://a.b',                           'POLICY_VALUE',       'a registry'],
  ['folder: m, upstream: "https:/docker.io"',                  'POLICY_VALUE',       'a registry'],
  ['folder: m, upstream: "docker.io:/x"',                      'POLICY_VALUE',       'a registry'],
  ['folder: m, upstream: a.b, username: u',                    'POLICY_VALUE',       'both or none'],
  ['folder: m, upstream: a.b, proxy: proxy:80',                'POLICY_VALUE',       'a URL, as'],
  ['folder: m, upstream: a.b, ca: x.pem',                      'POLICY_VALUE',       'in PEM'],
  ['folder: m, upstream: a.b, signedBy: {}',                   'POLICY_VALUE',       'signedBy.root'],
  ['folder: m, upstream: a.b, signedBy: { firstUse: true }',   'POLICY_UNKNOWN_KEY', 'signedBy.firstUse'],
  ['folder: m, upstream: a.b, signedBy:',                      'POLICY_VALUE',       'a value'],
  ['folder: m, upstream: a.b, keep: 0',                        'POLICY_VALUE',       'keep'],
];

for (const [mirror, code, says] of refused) {
  test(`a mirror with { ${mirror} } is refused with ${code}`, () => {
    assert.throws(
      () => parsePolicy(`registry: { mirrors: [{ ${mirror} }] }`),
      (error) => isStoreError(error) && error.code === code && error.message.includes(says),
    );
  });
}
