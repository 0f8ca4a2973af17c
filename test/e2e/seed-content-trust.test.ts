/**
 * Every command of Docker's page "Content trust in Docker", in its order, on an ordinary
 * repository. The same commands run against Debian's docker-registry with notary-server and
 * against the store; each must print what the page prints, and docker must not be able to tell
 * the two apart. Only the reference pair needs DOCKER_CONTENT_TRUST_SERVER.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { printed, runCommand, succeeded, type Transcript } from '../support/command.ts';
import { DockerCli, type DockerRun } from '../support/docker-cli.ts';
import { buildImage } from '../support/docker-images.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { type Place, places } from '../support/peers-places.ts';

/** What docker printed at each place, with what must differ taken out. */
const told = new Map<string, string[]>();

let engine: Engine;
before(async () => {
  engine = await startEngine();
});
after(() => engine.stop());

for (const [name, open] of Object.entries(places)) {
  describe(name, () => {
    let place: Place;
    let jeff: DockerCli;
    let carl: DockerCli;
    let folder: string;
    let demo: string;
    let image: string;
    const story: string[] = [];

    before(async () => {
      place = await open([
        { name: 'jeff', namespace: 'admin' },
        { name: 'carl', namespace: 'user' },
      ]);
      demo = `${place.host}/admin/demo`;
      image = `${place.host}/user/image`;
      jeff = new DockerCli(engine.host, place.variables);
      carl = new DockerCli(engine.host, place.variables);
      folder = mkdtempSync(join(tmpdir(), 'cm-keys-'));
      await place.login(jeff, 'jeff');
      await place.login(carl, 'carl');
      await buildImage(jeff, `${demo}:1`);
      await buildImage(carl, `${image}:1`);
      await makeKeyAndCertificate(folder);
      told.set(name, story);
    });
    after(async () => {
      rmSync(folder, { recursive: true });
      jeff[Symbol.dispose]();
      carl[Symbol.dispose]();
      await place[Symbol.asyncDispose]();
    });

    async function run(
      docker: DockerCli,
      args: string[],
      options?: DockerRun,
    ): Promise<Transcript> {
      const transcript = await docker.run(args, options);
      story.push(comparable(transcript));
      return transcript;
    }

    test('docker trust key generate makes a key and its public file', async () => {
      const said = await run(jeff, ['trust', 'key', 'generate', 'jeff'], { cwd: folder });
      printsInOrder(said, 0, [
        'Generating key for jeff...',
        `Successfully generated and loaded private key. Corresponding public key available: ${folder}/jeff.pub`,
      ]);
    });

    test('docker trust key load takes an existing key', async () => {
      const args = ['trust', 'key', 'load', 'key.pem', '--name', 'jeff'];
      printsInOrder(await run(jeff, args, { cwd: folder }), 0, [
        'Loading key from "key.pem"...',
        'Successfully imported key from key.pem',
      ]);
    });

    test('docker trust signer add initialises the repository and adds jeff', async () => {
      const args = ['trust', 'signer', 'add', '--key', 'cert.pem', 'jeff', demo];
      printsInOrder(await run(jeff, args, { cwd: folder }), 0, [
        `Adding signer "jeff" to ${demo}...`,
        `Initializing signed repository for ${demo}...`,
        `Successfully initialized "${demo}"`,
        `Successfully added signer: jeff to ${demo}`,
      ]);
    });

    test('docker trust sign pushes the image and signs its tag', async () => {
      const said = await run(jeff, ['trust', 'sign', `${demo}:1`]);
      printsInOrder(said, 0, [
        `The push refers to repository [${demo}]`,
        /^1: digest: sha256:[0-9a-f]{64} size: \d+$/,
        'Signing and pushing trust metadata',
        `Successfully signed ${demo}:1`,
      ]);
      assert.equal(
        said.stderr.trim(),
        `Signing and pushing trust data for local image ${demo}:1, may overwrite remote trust data`,
      );
    });

    test('docker push with content trust signs as well', async () => {
      printsInOrder(await run(jeff, ['push', `${demo}:1`], { trust: true }), 0, [
        `The push refers to repository [${demo}]`,
        /^1: digest: sha256:[0-9a-f]{64} size: \d+$/,
        'Signing and pushing trust metadata',
        `Successfully signed ${demo}:1`,
      ]);
    });

    test('docker trust inspect --pretty shows the tag, its signer and the keys', async () => {
      const said = await run(jeff, ['trust', 'inspect', '--pretty', `${demo}:1`]);
      printsInOrder(said, 0, [
        `Signatures for ${demo}:1`,
        /^SIGNED TAG\s+DIGEST\s+SIGNERS$/,
        /^1\s+[0-9a-f]{64}\s+jeff$/,
        `List of signers and their keys for ${demo}:1`,
        /^SIGNER\s+KEYS$/,
        /^jeff\s+[0-9a-f]{12}$/,
        `Administrative keys for ${demo}:1`,
        /^ {2}Repository Key:\t[0-9a-f]{64}$/,
        /^ {2}Root Key:\t[0-9a-f]{64}$/,
      ]);
    });

    test('a consumer with content trust pulls the signed tag', async () => {
      using consumer = new DockerCli(engine.host, place.variables);
      await place.login(consumer, 'jeff');
      printsInOrder(await run(consumer, ['pull', `${demo}:1`], { trust: true }), 0, [
        /^Pull \(1 of 1\): 127\.0\.0\.1:\d+\/admin\/demo:1@sha256:[0-9a-f]{64}$/,
        /^Digest: sha256:[0-9a-f]{64}$/,
        `${demo}:1`,
      ]);
    });

    test('an unsigned push to a signed tag does not change what content trust pulls', async () => {
      const signed = await signedDigest(jeff, demo, '1');
      await jeff.must(['tag', `${demo}:1`, `${demo}:kept`]);
      await buildImage(jeff, `${demo}:1`, { dockerfile: ['LABEL iteration=unsigned'] });
      printsInOrder(await run(jeff, ['push', `${demo}:1`]), 0, [/^1: digest: sha256:/]);
      const pulled = await run(jeff, ['pull', `${demo}:1`], { trust: true });
      printsInOrder(pulled, 0, [`Pull (1 of 1): ${demo}:1@sha256:${signed}`]);
      const unfiltered = await run(jeff, ['pull', `${demo}:1`]);
      assert.equal(unfiltered.code, 0, printed(unfiltered));
      assert.ok(!unfiltered.stdout.includes(signed), printed(unfiltered));
      await jeff.must(['tag', `${demo}:kept`, `${demo}:1`]);
    });

    test('docker trust revoke deletes the signature', async () => {
      printsInOrder(await run(jeff, ['trust', 'revoke', `${demo}:1`]), 0, [
        `Successfully deleted signature for ${demo}:1`,
      ]);
    });

    test('the revoked tag is refused by pull, create, run and build', async () => {
      writeFileSync(join(folder, 'Dockerfile'), `FROM ${demo}:1\n`);
      const commands = [
        { args: ['pull', `${demo}:1`], code: 1 },
        { args: ['create', `${demo}:1`], code: 1 },
        { args: ['run', '--network', 'none', `${demo}:1`], code: 125 },
        { args: ['build', folder], code: 1 },
      ];
      for (const { args, code } of commands) {
        const said = await run(jeff, args, { trust: true });
        assert.equal(said.code, code, printed(said));
        assert.match(said.stderr, /No valid trust data for 1/, printed(said));
      }
    });

    test('docker pull refuses an image that was never signed', async () => {
      await carl.must(['push', `${image}:1`]);
      const said = await run(carl, ['pull', `${image}:1`], { trust: true });
      assert.equal(said.code, 1, printed(said));
      const text =
        /^Error: remote trust data does not exist for (\S+): \S+ does not have trust data for (\S+)$/;
      assert.deepEqual(text.exec(said.stderr.trim())?.slice(1), [image, image], printed(said));
    });

    test('docker pull with an explicit digest always succeeds', async () => {
      const digest = await pushedDigest(carl, image);
      await carl.must(['rmi', `${image}:1`]);
      printsInOrder(await run(carl, ['pull', `${image}@${digest}`], { trust: true }), 0, [
        `${image}@${digest}: Pulling from user/image`,
        `Digest: ${digest}`,
        `Status: Downloaded newer image for ${image}@${digest}`,
      ]);
    });
  });
}

test('docker prints the same against both', () => {
  const [reference, ours] = Object.keys(places).map((name) => told.get(name));
  assert.ok(reference && reference.length > 0);
  assert.deepEqual(ours, reference);
});

/** @param lines  lines of standard output, whole, in this order; others may stand between */
function printsInOrder(said: Transcript, code: number, lines: readonly (string | RegExp)[]): void {
  assert.equal(said.code, code, printed(said));
  const rest = said.stdout.split('\n');
  for (const line of lines) {
    const at = rest.findIndex((text) =>
      typeof line === 'string' ? text === line : line.test(text),
    );
    assert.ok(at >= 0, `missing, or not in order: ${line}\n${printed(said)}`);
    rest.splice(0, at + 1);
  }
}

/**
 * A transcript without hosts, hex, the progress of single layers, and what docker build grumbles
 * when its context is cut off, which depends on the moment.
 */
function comparable({ command, code, stdout, stderr }: Transcript): string {
  const lines = `$ ${command}\n${stdout}${stderr}exit ${code}`
    .split('\n')
    .filter((line) => !/^[0-9a-f]{12}: |closed pipe/.test(line));
  return lines
    .join('\n')
    .replace(/127\.0\.0\.1:\d+/g, 'HOST')
    .replace(/[0-9a-f]{64}|\b[0-9a-f]{12}\b/g, 'HEX')
    .replace(/\/\S*\/cm-(?:keys|build)-[^/\s]+/g, 'FOLDER')
    .replace(/time="[^"]*"/g, 'TIME')
    .replace(/[ -]{2,}/g, '  ')
    .replace(/size: \d+/g, 'size: N');
}

/** An unencrypted P-256 key, for its owner's eyes only, and a certificate for it, as a CA would give. */
async function makeKeyAndCertificate(folder: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 });
  const args = ['req', '-x509', '-new', '-key', 'key.pem', '-subj', '/CN=jeff', '-days', '3650'];
  succeeded(await runCommand('openssl', [...args, '-out', 'cert.pem'], { cwd: folder }));
}

async function signedDigest(docker: DockerCli, repository: string, tag: string): Promise<string> {
  const { stdout } = await docker.must(['trust', 'inspect', `${repository}:${tag}`]);
  const [{ SignedTags }] = JSON.parse(stdout) as [{ SignedTags: [{ Digest: string }] }];
  return SignedTags[0].Digest;
}

async function pushedDigest(docker: DockerCli, repository: string): Promise<string> {
  const format = '{{range .RepoDigests}}{{println .}}{{end}}';
  const { stdout } = await docker.must(['inspect', '--format', format, `${repository}:1`]);
  const line = stdout.split('\n').find((text) => text.startsWith(`${repository}@`));
  return line?.split('@')[1] ?? assert.fail(`${repository} has no digest: ${stdout}`);
}
