/**
 * Asks dpkg again for the order of every pair in test/fixtures/dpkg/versions.tsv and rewrites the
 * file with its answers. Run it on a machine that has dpkg, after adding pairs.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../test/fixtures/dpkg/versions.tsv', import.meta.url);
const rows = readFileSync(path, 'utf8').trim().split('\n');
const answered = rows.map((row) => {
  const [a = '', , b = ''] = row.split('\t');
  return [a, orderOf(a, b), b].join('\t');
});
writeFileSync(path, `${answered.join('\n')}\n`);
console.log(
  `${answered.length} pairs; ${execFileSync('dpkg', ['--version'], { encoding: 'utf8' }).split('\n')[0]}`,
);

function orderOf(a: string, b: string): string {
  for (const [operator, sign] of [
    ['lt', '<'],
    ['gt', '>'],
    ['eq', '='],
  ] as const) {
    if (spawnSync('dpkg', ['--compare-versions', a, operator, b]).status === 0) return sign;
  }
  throw new Error(`dpkg does not order ${a} and ${b}`);
}
