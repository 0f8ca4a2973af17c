import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseGun } from '../../tuf/index.ts';
import { importRepositories } from './import-repositories.ts';
import type { ImportSource, ImportTarget } from './ports.ts';

const folder = 'test/fixtures/notary/delegations-jeff-releases';
const gun = parseGun(readFileSync(join(folder, 'GUN'), 'utf8').trim());
const names = [gun, 'Not / a name', `${gun}2`];

test('all is looked at and told before anything is written; what is refused is not written', async () => {
  const happened: string[] = [];
  const source: ImportSource = {
    async *names() {
      yield* names;
    },
    read: async (name, history) => {
      happened.push(`read ${name} ${history}`);
      return { files: name === gun ? served() : [] };
    },
  };
  const target: ImportTarget = {
    stored: async () => ({ files: [], keyIds: new Set() }),
    write: async (name, files) => {
      happened.push(`write ${name}`);
      return files.length;
    },
  };
  const places = { here: 'https://here.example', there: 'https://there.example' };
  const plans = await importRepositories(
    { source, target, dryRun: false, now: new Date(), ...places },
    { planned: (all) => happened.push(`planned ${all.length}`) },
  );
  assert.deepEqual(happened, [
    `read ${gun} false`,
    `read ${gun}2 false`,
    'planned 3',
    `read ${gun} true`,
    `write ${gun}`,
  ]);
  assert.deepEqual(
    plans.map(({ state, reason, written }) => [state, reason?.code ?? written]),
    [
      ['new', 6],
      ['refused', 'TUF_GUN_INVALID'],
      ['refused', 'IMPORT_NO_TIMESTAMP'],
    ],
  );
});

/** The current files of a real repository. */
function served() {
  const server = join(folder, 'server');
  const paths = readdirSync(server, { recursive: true, encoding: 'utf8' });
  return paths.flatMap((path) => {
    const role = /^([a-z/]+)\.json$/.exec(path)?.[1];
    if (!role || role === 'changefeed') return [];
    const bytes = readFileSync(join(server, path));
    const { version } = JSON.parse(bytes.toString()).signed;
    return [{ role, version, read: async () => bytes }];
  });
}
