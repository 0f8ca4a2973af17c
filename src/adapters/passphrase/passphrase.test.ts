import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import {
  environmentPassphrases,
  firstOf,
  fixedPassphrase,
  type PassphraseSource,
  processTerminal,
  terminalPassphrases,
} from './index.ts';

const keyId = 'ab'.repeat(32);
const opening = (role: string, attempt = 0) => ({ keyId, role, creating: false, attempt });
const creating = (role: string) => ({ keyId, role, creating: true, attempt: 0 });

const environment: Record<string, string> = {
  DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: 'docker root',
  DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: 'docker other',
  NOTARY_ROOT_PASSPHRASE: 'notary root',
  NOTARY_TARGETS_PASSPHRASE: 'notary targets',
  NOTARY_SNAPSHOT_PASSPHRASE: 'notary snapshot',
  NOTARY_DELEGATION_PASSPHRASE: 'notary delegation',
};

const offered: readonly [role: string, passphrases: string[]][] = [
  ['root', ['docker root', 'notary root']],
  ['targets', ['docker other', 'notary targets']],
  ['snapshot', ['docker other', 'notary snapshot']],
  ['targets/releases', ['docker other', 'notary delegation']],
  ['jeff', ['docker other', 'notary delegation']],
  ['__proto__', ['docker other', 'notary delegation']],
];

for (const [role, passphrases] of offered) {
  test(`the environment offers the ${role} key docker's passphrase, then notary's`, async () => {
    assert.deepEqual(await allOf(environmentPassphrases(environment), role), passphrases);
  });
}

test('an empty variable offers nothing, and the same value is not tried twice', async () => {
  const same = { ...environment, NOTARY_ROOT_PASSPHRASE: 'docker root' };
  assert.deepEqual(await allOf(environmentPassphrases(same), 'root'), ['docker root']);
  const empty = environmentPassphrases({ DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: '' });
  assert.deepEqual(await allOf(empty, 'root'), []);
});

test('when one source has no more to offer, the next begins', async () => {
  const both = firstOf(environmentPassphrases(environment), fixedPassphrase('last'));
  assert.deepEqual(await allOf(both, 'root'), ['docker root', 'notary root', 'last']);
  assert.deepEqual(await allOf(firstOf(), 'root'), []);
});

test('a new passphrase must be long enough and repeated', async () => {
  const terminal = scripted('short', 'long enough', 'other', 'long enough', 'long enough');
  const secret = await terminalPassphrases(terminal)(creating('jeff'));
  assert.equal(secret?.reveal(), 'long enough');
  assert.deepEqual(terminal.shown, [
    'Enter passphrase for new jeff key with ID abababa:',
    'Passphrase is too short. Please use a password manager to generate and store a good random passphrase.',
    'Enter passphrase for new jeff key with ID abababa:',
    'Repeat passphrase for new jeff key with ID abababa:',
    'Passphrases do not match. Please retry.',
    'Enter passphrase for new jeff key with ID abababa:',
    'Repeat passphrase for new jeff key with ID abababa:',
  ]);
});

test('a wrong passphrase is asked for again, four times in all', async () => {
  const terminal = scripted('a', 'b', 'c', 'd', 'e');
  assert.deepEqual(await allOf(terminalPassphrases(terminal), 'targets'), ['a', 'b', 'c', 'd']);
  const prompt = 'Enter passphrase for repository key with ID abababa:';
  const again = ['Passphrase incorrect. Please retry.', prompt];
  assert.deepEqual(terminal.shown, [prompt, ...again, ...again, ...again]);
});

test('a passphrase is typed once per role', async () => {
  const source = terminalPassphrases(scripted('one', 'two'));
  assert.equal((await source(opening('targets')))?.reveal(), 'one');
  assert.equal((await source({ ...opening('targets'), keyId: 'cd'.repeat(32) }))?.reveal(), 'one');
  assert.equal((await source(opening('root')))?.reveal(), 'two');
});

test('who ends the prompt is not asked again', async () => {
  await assert.rejects(terminalPassphrases(scripted())(opening('root')), {
    code: 'PASSPHRASE_CANCELLED',
  });
});

test('without a terminal nothing is asked', async () => {
  const terminal = { ...scripted('a'), isInteractive: false };
  assert.equal(await terminalPassphrases(terminal)(opening('root')), undefined);
  assert.deepEqual(terminal.shown, []);
});

const typed: readonly [what: string, keys: string, line: string | undefined][] = [
  ['a line', 'secret\r', 'secret'],
  ['a line with a correction', 'sek\x7fcré\x7fet\n', 'secret'],
  ['a line begun anew', 'wrong\x15right\r', 'right'],
  ['ctrl-C', 'sec\x03', undefined],
  ['ctrl-D at the beginning', '\x04', undefined],
];

for (const [what, keys, line] of typed) {
  test(`${what} is read from a terminal without being shown`, async () => {
    const modes: boolean[] = [];
    const input = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode(mode: boolean) {
        modes.push(mode);
        return input;
      },
    });
    const output = Object.assign(new PassThrough(), { isTTY: true });
    const terminal = processTerminal(() => input as unknown as NodeJS.ReadStream, output);
    const reading = terminal.readHidden();
    input.write(keys);
    assert.equal(await reading, line);
    assert.deepEqual(modes, [true, false]);
    assert.equal(output.read(), null);
  });
}

async function allOf(source: PassphraseSource, role: string): Promise<string[]> {
  const offers: string[] = [];
  for (;;) {
    const secret = await source(opening(role, offers.length));
    if (secret === undefined) return offers;
    offers.push(secret.reveal());
  }
}

function scripted(...lines: string[]) {
  const written: string[] = [];
  return {
    isInteractive: true,
    write: (text: string) => void written.push(text),
    readHidden: async () => lines.shift(),
    get shown() {
      return written.map((text) => text.trim()).filter(Boolean);
    },
  };
}
