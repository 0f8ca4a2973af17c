import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deadline, KeyFate } from './plan.ts';
import { todoOf } from './todo.ts';

const now = new Date('2026-11-21T00:00:00Z');
const gun = 'docker.io/acme/app';
const [here, there] = ['https://here', 'https://there'];
const inDays = (what: string, days: number): Deadline => ({
  what,
  at: new Date(now.getTime() + days * 86_400_000),
  isPast: days < 0,
});

/** Commands without what they all begin with. */
function commandsOf(timestamp: KeyFate, snapshot: KeyFate, ...deadlines: Deadline[]): string[] {
  return todoOf({ gun, keys: { timestamp, snapshot }, deadlines, now, here, there })
    .flatMap(({ commands }) => commands)
    .map((command) => command.replace('notary -s https://', '').replace('-d ~/.docker/trust ', ''));
}

const lasting = inDays('timestamp', 10);
const rotateTimestamp = `here key rotate ${gun} timestamp -r`;
const takeAndGive = [
  `there key rotate ${gun} snapshot`,
  rotateTimestamp,
  `here key rotate ${gun} snapshot -r`,
];

for (const [timestamp, snapshot, expected] of [
  ['continues', 'continues', []],
  ['continues', 'owner', []],
  ['missing', 'owner', [rotateTimestamp]],
  ['missing', 'continues', [rotateTimestamp]],
  ['missing', 'unknown', takeAndGive],
  ['missing', 'missing', takeAndGive],
] as const) {
  test(`timestamp key ${timestamp}, snapshot key ${snapshot}`, () => {
    assert.deepEqual(commandsOf(timestamp, snapshot, lasting), expected);
  });
}

for (const [deadline, expected] of [
  [inDays('root', 100), [`here key rotate ${gun} root`]],
  [inDays('root certificate', 100), [`here key rotate ${gun} root`]],
  [inDays('targets/kate', 100), [`here witness ${gun} targets/kate -p`]],
  [inDays('targets', 1000), []],
  [inDays('snapshot', 10), []],
  [inDays('timestamp', -1), []],
] as const) {
  test(`${deadline.what} until ${deadline.at.toISOString()}, keys go on`, () => {
    assert.deepEqual(commandsOf('continues', 'continues', deadline), expected);
  });
}

test('what is over already is told, without a command that could not work', () => {
  for (const what of ['root', 'root certificate', 'targets', 'timestamp']) {
    const keys = { timestamp: 'missing', snapshot: 'owner' } as const;
    const situation = { gun, keys, deadlines: [inDays(what, -1)], now, here, there };
    const [todo] = todoOf({ ...situation, keys: what === 'timestamp' ? keys : going });
    assert.match(todo?.what ?? '', /ended at 2026-11-20|expired at 2026-11-20/, what);
    assert.deepEqual(todo?.commands, []);
  }
});

const going = { timestamp: 'continues', snapshot: 'continues' } as const;

test('a GUN is one word of a command, whatever is in it', () => {
  const about = { keys: { timestamp: 'missing', snapshot: 'owner' }, now, here, there } as const;
  for (const [name, word] of [
    ['Example.com:5000/Acme_1', 'Example.com:5000/Acme_1'],
    ['a b/$(reboot);`c`', "'a b/$(reboot);`c`'"],
    [`it's/é`, String.raw`'it'\''s/é'`],
  ] as const) {
    const [todo] = todoOf({ ...about, gun: name, deadlines: [lasting] });
    const rotate = `notary -s ${here} -d ~/.docker/trust key rotate ${word} timestamp -r`;
    assert.deepEqual(todo?.commands, [rotate]);
  }
});
