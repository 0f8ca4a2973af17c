import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, layers, reviewOf, rulesOf } from '../../../test/support/reviewed-image.ts';

const token = `ghp_${'A1b2'.repeat(9)}`;
const awsKey = 'AKIAQWERTYUIOPASDFGH';
const pem = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEpAIBAAKCAQEA'.repeat(10)}\n-----END RSA PRIVATE KEY-----\n`;

/** One row: a file with a secret in it, what kind it is called, and the value nobody may print. */
const secrets: [path: string, content: string, kind: string, value: string][] = [
  ['id_rsa', pem, 'private key', 'MIIEpAIBAAKCAQEA'],
  ['key.pem', pem.replace('RSA ', ''), 'private key', 'MIIEpAIBAAKCAQEA'],
  [
    'key.gpg',
    `-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n${'lQdGBFy'.repeat(30)}`,
    'private key',
    'lQdGBFy',
  ],
  [
    'cut.pem',
    '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIE\n-----END PRIVATE KEY-----\n',
    'private key',
    'MC4CAQAwBQYDK2VwBCIE',
  ],
  ['root/.ssh/id_ed25519', 'an unknown form', 'SSH private key', 'unknown form'],
  ['srv/.env', 'PORT=80\nexport DB_PASSWORD="hunter2"\n', 'environment secret', 'hunter2'],
  ['sa.json', JSON.stringify({ private_key: pem }), 'private key', 'MIIEpAIBAAKCAQEA'],
  ['deep.txt', `${'x'.repeat(300_000)}\n${pem}`, 'private key', 'MIIEpAIBAAKCAQEA'],
  ['config.py', `key = "${awsKey}"`, 'AWS access key', awsKey],
  ['a.sh', `export T=${token}\n`, 'GitHub token', token],
  ['b.sh', `T=glpat-${'x1'.repeat(10)}`, 'GitLab token', 'x1x1x1'],
  ['c.sh', `//r/:_authToken=npm_${'z9Y8'.repeat(9)}`, 'npm token', 'z9Y8z9Y8'],
  ['app/.npmrc', '//registry.npmjs.org/:_authToken=0123-abcd\n', 'npm credentials', '0123-abcd'],
  [
    'root/.docker/config.json',
    '{"auths":{"r":{"auth":"dXNlcjpwYXNz"}}}',
    'registry credentials',
    'dXNlcjpwYXNz',
  ],
  [
    'root/.aws/credentials',
    '[default]\naws_secret_access_key = abc/def+ghi',
    'AWS credentials',
    'abc/def+ghi',
  ],
  ['root/.netrc', 'machine h login me password s3cr3t', 'netrc password', 's3cr3t'],
  ['root/.git-credentials', 'https://me:s3cr3t@github.com', 'Git credentials', 's3cr3t'],
  [
    'root/.kube/config',
    'users:\n- user:\n    client-key-data: TFMwdExT',
    'Kubernetes credentials',
    'TFMwdExT',
  ],
  ['root/.pypirc', '[pypi]\npassword = s3cr3t', 'PyPI credentials', 's3cr3t'],
  ['root/.pgpass', 'db:5432:*:me:s3cr3t', 'PostgreSQL password', 's3cr3t'],
  ['etc/shadow', 'root:$6$salt$hash:19000::::::', 'password hash', 'salt$hash'],
];

for (const [path, content, kind, value] of secrets) {
  test(`a ${kind} in ${path} blocks, also when a later layer deletes it, and is never printed`, async () => {
    const hidden = path.includes('/') ? path.replace(/[^/]*$/, '.wh.$&') : `.wh.${path}`;
    const found = await reviewOf(layers([{ name: path, content }], [{ name: hidden }]));
    const finding = found.findings.find(
      ({ rule, detail }) => rule === 'SECRET_IN_LAYER' && detail.startsWith(kind),
    );
    assert.ok(finding?.blocks, rulesOf(found).join(', '));
    assert.ok(finding.detail.includes(`/${path}`));
    assert.equal(found.refusal?.code, 'REVIEW_SECRET');
    assert.ok(!JSON.stringify(found).includes(value), 'the value is printed');
  });
}

test('a finding of a secret says in which line it is', async () => {
  const found = await reviewOf(layers([{ name: 'a', content: `1\n2\nT=${token}\n` }]));
  assert.match(found.findings[0]?.detail ?? '', /^GitHub token in \/a, line 3, layer sha256:/);
});

test('a key in the test files of a dependency needs a reason', async () => {
  const found = await reviewOf(
    layers([{ name: 'app/node_modules/tls/test/fixtures/key.pem', content: pem }]),
  );
  assert.deepEqual(found.findings.map(({ rule, needsReason }) => [rule, needsReason])[0], [
    'SECRET_IN_TEST_DATA',
    true,
  ]);
});

test('a key in a library of the system is a note, in a program of one’s own it blocks', async () => {
  const program = `\x7fELF${'\0'.repeat(100)}${pem}`;
  const ruleAt = async (path: string, content: string) =>
    (await reviewOf(layers([{ name: path, content }]))).findings[0]?.rule;
  assert.equal(await ruleAt('usr/lib/x/libgnutls.so', program), 'SECRET_IN_SYSTEM_PROGRAM');
  assert.equal(await ruleAt('app/server', program), 'SECRET_IN_LAYER');
  assert.equal(await ruleAt('usr/lib/x/key.pem', pem), 'SECRET_IN_LAYER');
});

test('no value of a variable is printed', async () => {
  const values = ['hunter22', token, awsKey, 's3cret99'];
  const found = await reviewOf({
    ...config({ Env: ['DB_PASSWORD=hunter22', `X=${token}`], Labels: { x: awsKey } }),
    history: [{ created_by: 'RUN |1 API_KEY=s3cret99 /bin/sh -c true', comment: token }],
  });
  assert.ok(found.findings.length > 4);
  for (const value of values) assert.ok(!JSON.stringify(found).includes(value));
});
