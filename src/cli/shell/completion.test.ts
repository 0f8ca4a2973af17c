import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trustCandidates } from '../docker/trust-candidates.ts';
import { trustCommandTable } from '../docker-trust/commands.ts';
import { complete } from './complete.ts';
import { manPages } from './man-pages.ts';
import { type Outline, trustOutline } from './outline.ts';

const trust = trustOutline('trust', trustCommandTable);

/* What was typed -> what may stand in place of the last word. */
const typed: readonly (readonly [words: string, found: string])[] = [
  ['ins', 'inspect'],
  ['key generate -', '--dir --json'],
  ['inspect --pre', '--pretty'],
  ['signer ', 'add remove'],
  ['signer add --k', '--key'],
  ['sign', 'sign signer'],
  ['nosuch', ''],
  ['inspect 127.0.0.1:5000/app', ''],
];

for (const [words, found] of typed) {
  test(`"${words}" is completed to "${found}"`, () => {
    const candidates = complete(trust, words.split(' '));
    assert.equal(candidates.map(({ word }) => word).join(' '), found);
  });
}

test('every flag of every command of docker trust has its sentence of the help', () => {
  const without = (outline: Outline): string[] => [
    ...outline.flags.filter(({ summary }) => summary === '').map(({ name }) => name),
    ...outline.commands.flatMap(without),
  ];
  assert.deepEqual(without(trust), []);
});

test('docker asks its plugin with the name before the words, and wants no files', () => {
  const answer = 'add\tAdd a signer\nremove\tRemove a signer\n:4\n';
  assert.equal(trustCandidates('dct', ['dct', 'signer', '']), answer);
});

test('a page has what the command takes, and no line that is a request by accident', () => {
  const outline: Outline = {
    ...{ name: 'x', summary: '.B \'quoted\' \\ - "a"', synopsis: '[OPTIONS]' },
    takes: [{ name: 'image', summary: 'HOST/NAME[:TAG]' }],
    flags: [{ name: '--yes', written: '-y, --yes', summary: "'tis so" }],
    commands: [],
  };
  const page = manPages(outline, '2026-11-21', ['docker']).get('docker-x.1');
  assert.match(page ?? '', /^docker\\-x \\- \\&\.B 'quoted' \\e \\- \\\(dqa\\\(dq$/m);
  assert.match(page ?? '', /^\.SH ARGUMENTS\n\.TP\n\.B image\nHOST\/NAME\[:TAG\]$/m);
  assert.match(page ?? '', /^\.B \\-y, \\-\\-yes\n\\&'tis so$/m);
});
