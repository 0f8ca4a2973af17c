import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStoreError } from '../../base/index.ts';
import { refuseForeignCache } from './build-sources.ts';
import { sourcePolicy } from './source-policy.ts';

const digest = `sha256:${'a'.repeat(64)}`;

/* Of `--cache-from`, and whether a registry would have its say. */
const caches: readonly [source: string, passes: boolean][] = [
  ['alpine', false],
  ['localhost:5000/app:cache', false],
  [`localhost:5000/app@${digest}`, true],
  ['type=registry,ref=localhost:5000/app:cache', false],
  [`type=registry,ref=localhost:5000/app@${digest}`, true],
  ['ref=localhost:5000/app:cache', false],
  ['type=local,src=/tmp/cache', true],
  ['type=gha', true],
  ['type=gha,URL=https://evil.example/', false],
  ['type=gha,url_v2=https://evil.example/', false],
  ['type=s3,bucket=b', false],
  [`type=s3,bucket=b,ref=localhost:5000/app@${digest}`, false],
  [`type=azblob,name=b,ref=localhost:5000/app@${digest}`, false],
  [`ref=localhost:5000/app@${digest}`, false],
  ['TYPE=local,src=/tmp/cache', true],
  ['type=local,Type=registry,ref=localhost:5000/app:cache', false],
  [`type=registry,ref=localhost:5000/app@${digest},REF=localhost:5000/app:cache`, false],
  ['type=registry, type=local,ref=localhost:5000/app:cache', false],
  ['type=local,"type=registry",ref=localhost:5000/app:cache', false],
  ['', false],
];

for (const [source, passes] of caches) {
  test(`a cache from "${source}" ${passes ? 'passes' : 'is refused'}`, () => {
    const refuse = () => refuseForeignCache(source);
    if (passes) refuse();
    else
      assert.throws(refuse, (error) => isStoreError(error) && error.code === 'CLI_UNENFORCEABLE');
  });
}

/* As BuildKit evaluates rules: every one in turn, and the last that matches wins. */
const sources: readonly [identifier: string, own: string | undefined, allowed: boolean][] = [
  ['docker-image://docker.io/library/alpine:3.20', undefined, false],
  [`docker-image://docker.io/library/alpine@${digest}`, undefined, true],
  [`docker-image://docker.io/library/alpine:3.20@${digest}`, undefined, true],
  ['local://context', undefined, true],
  ['git://example.org/a.git', undefined, true],
  [
    'docker-image://docker.io/library/alpine:3.20',
    '{"rules":[{"action":"ALLOW","selector":{"identifier":"*"}}]}',
    false,
  ],
  ['local://context', '{"rules":[{"action":"DENY","selector":{"identifier":"local:*"}}]}', false],
  [
    `docker-image://docker.io/evil/image@${digest}`,
    '{"rules":[{"action":"DENY","selector":{"identifier":"docker-image://docker.io/evil/*"}}]}',
    false,
  ],
];

interface Rule {
  readonly action: string;
  readonly selector: { readonly identifier: string; readonly match_type?: string };
}

for (const [identifier, own, allowed] of sources) {
  test(`the policy ${own ? 'behind another ' : ''}${allowed ? 'allows' : 'denies'} ${identifier}`, () => {
    const { rules } = JSON.parse(sourcePolicy(own)) as { rules: Rule[] };
    const matching = rules.filter(({ selector }) => {
      if (selector.match_type === 'REGEX') return new RegExp(selector.identifier).test(identifier);
      assert.equal(selector.match_type, undefined);
      const pattern = selector.identifier
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*');
      return new RegExp(`^${pattern}$`).test(identifier);
    });
    assert.equal(matching.at(-1)?.action !== 'DENY', allowed);
  });
}

test('what is no policy is not taken for one', () => {
  assert.throws(() => sourcePolicy('{'), SyntaxError);
  assert.throws(() => sourcePolicy('[]x'), SyntaxError);
  assert.throws(() => sourcePolicy('1'), TypeError);
  assert.throws(() => sourcePolicy('{"rules":{}}'), TypeError);
});
