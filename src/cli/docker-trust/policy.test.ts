/** The trust policy of a person, as inspect and doctor keep to it, on a trust server in memory. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MemoryTrust } from '../../../test/support/memory-trust.ts';
import { TrustDesk } from '../../../test/support/trust-desk.ts';
import { parseGun } from '../../tuf/index.ts';

const gun = parseGun('localhost:5443/acme/app');
let paula: TrustDesk;
const policy = () => join(paula.trust, 'policy.yaml');

/** @param source  the policy of the trust folder; empty for none */
function has(source: string): void {
  rmSync(policy(), { force: true });
  if (source) writeFileSync(policy(), source);
}

/** `one` is signed by jeff, `two` by jeff and kate. */
before(async () => {
  paula = new TrustDesk(new MemoryTrust(() => new Date()));
  for (const [name, tag] of [
    ['jeff', 'one'],
    ['kate', 'two'],
  ] as const) {
    await paula.run(['key', 'generate', name, '--dir', paula.folder]);
    const added = ['signer', 'add', '--key', join(paula.folder, `${name}.pub`), name, gun];
    assert.equal((await paula.run(added)).code, 0);
    await paula.sign(gun, tag, tag);
  }
});
after(() => paula?.[Symbol.dispose]());

const signers = (count: number) =>
  `rules: [{ name: "localhost:5443/**", minimumSigners: ${count} }]`;
const by = (role: string) => `rules: [{ name: "localhost:5443/**", role: ${role} }]`;

/** A policy -> the tags that inspect shows, and the code of why not the others. */
const lists: readonly [policy: string, tags: string, code?: string][] = [
  ['', 'one two'],
  [signers(1), 'one two'],
  [signers(2), 'two', 'CLIENT_POLICY_SIGNERS'],
  [signers(3), '', 'CLIENT_POLICY_SIGNERS'],
  [by('targets/jeff'), 'one two'],
  [by('targets/kate'), 'two', 'CLIENT_POLICY_ROLE'],
  [by('targets'), '', 'CLIENT_POLICY_ROLE'],
  ['rules: [{ name: "other/**", minimumSigners: 3 }]', 'one two'],
];

for (const [source, tags, code] of lists) {
  test(`inspect under ${source || 'no policy'} shows ${tags || 'no tag'}`, async () => {
    has(source);
    const { stdout, stderr, ...ended } = await paula.run(['inspect', gun]);
    const rows: { SignedTag: string }[] = JSON.parse(stdout)[0].SignedTags;
    assert.equal(rows.map(({ SignedTag }) => SignedTag).join(' '), tags);
    assert.equal(ended.code, code ? 1 : 0);
    assert.match(stderr, code ? new RegExp(`^(${code}: .*\\n){1,2}$`) : /^$/);

    const pretty = await paula.run(['inspect', '--pretty', gun]);
    for (const tag of ['one', 'two']) {
      const isShown = new RegExp(`^${tag} `, 'm').test(pretty.stdout);
      assert.equal(isShown, tags.split(' ').includes(tag));
      const alone = await paula.run(['inspect', `${gun}:${tag}`]);
      assert.equal(alone.code, isShown ? 0 : 1);
      if (!isShown) assert.match(alone.stderr, new RegExp(`cannot access .*\\(${code}: `));
    }
    assert.deepEqual([pretty.code, pretty.stderr], [ended.code, stderr]);
  });
}

/** A policy, the tag -> the step that fails, and with what. */
const cases: readonly [policy: string, tag: string, failed: string][] = [
  // Nobody is asked for the image itself here.
  ['', 'one', 'manifest REMOTE_UNREACHABLE'],
  [signers(2), 'two', 'manifest REMOTE_UNREACHABLE'],
  [signers(2), 'one', 'target CLIENT_POLICY_SIGNERS'],
  [by('targets/kate'), 'one', 'target CLIENT_POLICY_ROLE'],
  ['rules: [{ name: "localhost:5443/**", firstUse: false }]', 'two', 'manifest REMOTE_UNREACHABLE'],
  [
    `rules: [{ name: "localhost:5443/**", root: { keys: ["${'ab'.repeat(32)}"] } }]`,
    'two',
    'root CLIENT_PIN_MISMATCH',
  ],
  ['otherwise: refuse', 'two', 'trust policy CLIENT_POLICY_NO_RULE'],
  ['otherwise: perhaps', 'two', 'trust policy CONFIG_FILE'],
];

for (const [source, tag, failed] of cases) {
  test(`doctor under ${source || 'no policy'} of ${tag}: ${failed}`, async () => {
    has('');
    const named = join(paula.folder, 'named.yaml');
    writeFileSync(named, source || 'rules: []');
    const words = ['--policy', named, 'doctor', '--json', `${gun}:${tag}`];
    const { code, stdout } = await paula.run(words);
    const last = JSON.parse(stdout).steps.at(-1);
    assert.equal(`${last.step} ${last.failure.code}`, failed);
    assert.ok(last.failure.rule && last.failure.remedy);
    assert.equal(code, 1);
    has(source);
    const text = await paula.run(['doctor', `${gun}:${tag}`]);
    assert.match(text.stdout, new RegExp(`is NOT verified: ${last.failure.code}\\n$`));
  });
}
