/** docs/distribution-spec.md says for each MUST which test holds it: those tests are there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const table = readFileSync(new URL('../docs/distribution-spec.md', import.meta.url), 'utf8');
const rows = [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([a-z-]+) \| ([^|]+) \|$/gm)].filter(
  ([, section = '']) => section !== 'section' && !section.startsWith('-'),
);

test('every MUST of the distribution specification has a test that is there', () => {
  assert.ok(rows.length > 30);
  for (const [, section, , file, name] of rows) {
    const tests = new URL(`../src/http/registry-api/${file}.test.ts`, import.meta.url);
    const titles = [...readFileSync(tests, 'utf8').matchAll(/^ *test\((['"`])(.*?)\1, /gm)];
    const isThere = titles.some(([, , title = '']) =>
      title.split(/\$\{\w+\}/).every((part) => name?.includes(part)),
    );
    assert.ok(isThere, `${section}: ${file}.test.ts has no test "${name}"`);
  }
});
