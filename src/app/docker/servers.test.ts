import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anonymous } from '../../adapters/remotes/index.ts';
import { parseGun } from '../../tuf/index.ts';
import { Servers } from './servers.ts';

const gun = parseGun('localhost:5443/acme/app');

/** DOCKER_CONTENT_TRUST_SERVER -> how it stands in the message. */
const refused: readonly [text: string, shown: string][] = [
  ['http://host', 'http://host'],
  ['http://u:secret@host', 'http://...@host'],
  ['https://u:secret@host/', 'https://...@host/'],
  ['https://u:sec/ret@host', 'https://...@host'],
  ['https://u:sec@ret@host', 'https://...@host'],
  ['https://u:sec\nret@host', 'https://...@host'],
  [`https://u:${'secret'.repeat(50)}@host`, 'https://...@host'],
  ['https:u:secret@host', '...@host'],
  ['u:secret@host', '...@host'],
  [`http://${'h'.repeat(300)}`, `http://${'h'.repeat(193)}`],
];

for (const [text, shown] of refused) {
  test(`the trust server ${JSON.stringify(text.slice(0, 30))} is refused, and no login is told`, () => {
    using servers = new Servers({
      folder: '',
      env: { DOCKER_CONTENT_TRUST_SERVER: text },
      clock: () => new Date(),
      credentials: anonymous,
    });
    assert.throws(() => servers.trustServerOf(gun), {
      code: 'CONFIG_TRUST_SERVER',
      message: `valid https URL required for trust server, got ${shown}`,
    });
  });
}
