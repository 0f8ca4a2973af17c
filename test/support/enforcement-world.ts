import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runCommand, type Transcript } from './command.ts';
import { DockerCli } from './docker-cli.ts';
import { buildImage } from './docker-images.ts';
import { type Engine, startEngine } from './engine.ts';
import { runOwn } from './own-program.ts';
import { type ReferencePair, startReferencePair } from './peers-reference.ts';
import { TrustMiddleman } from './trust-middleman.ts';

/**
 * Docker 28.2.2 with content trust, or ours in front of a docker that knows nothing of it: the same one, or what
 * `DOCKER_PROGRAM` names, such as docker 29.
 */
export class EnforcingSide implements Disposable {
  readonly name: 'theirs' | 'ours';
  /** Of its own, with the tags `v1` (signed), `plain` (pushed only) and `revoked`. */
  readonly repository: string;
  /** What `v1` and `revoked` were pushed as. */
  digest = '';
  readonly docker: DockerCli;
  readonly #folder = mkdtempSync(join(tmpdir(), 'cm-enforce-'));

  constructor(name: 'theirs' | 'ours', pair: ReferencePair, engine: Engine, trustServer: string) {
    this.name = name;
    this.repository = `${pair.registry}/app/${name}`;
    this.docker = new DockerCli(engine.host, { DOCKER_CONTENT_TRUST_SERVER: trustServer });
    const { DOCKER_PROGRAM: program } = process.env;
    if (program) symlinkSync(program, join(this.context('bin'), 'docker'));
  }

  /** A folder with these files, made when there is none. @returns its path */
  context(name: string, files: Readonly<Record<string, string>> = {}): string {
    const folder = join(this.#folder, name);
    mkdirSync(folder, { recursive: true });
    for (const [path, content] of Object.entries(files)) {
      writeFileSync(join(folder, path), this.#named(content));
    }
    return folder;
  }

  /** Words of `docker ...`, with content trust unless the variables say otherwise. `R` is the repository. */
  run(
    words: readonly string[],
    {
      env = {},
      input,
      cwd,
    }: { env?: Readonly<Record<string, string>>; input?: string; cwd?: string } = {},
  ): Promise<Transcript> {
    const args = words.map((word) => this.#named(word));
    const variables = { ...this.docker.environment, DOCKER_CONTENT_TRUST: '1', ...env };
    const options = {
      env: variables,
      ...(input === undefined ? {} : { input: this.#named(input) }),
      ...(cwd === undefined ? {} : { cwd }),
    };
    return this.name === 'theirs'
      ? runCommand('docker', args, options)
      : runOwn(['docker', ...args], { ...options, env: { ...variables, PATH: this.#path(env) } });
  }

  #path({ PATH: given }: Readonly<Record<string, string>>): string {
    return given ?? `${join(this.#folder, 'bin')}${delimiter}${process.env.PATH}`;
  }

  /** Forgets what was verified before; the keys stay. */
  forget(): void {
    rmSync(join(this.docker.config, 'trust/tuf'), { recursive: true, force: true });
  }

  /** Has the engine forget every image of the repository. */
  async clear(): Promise<void> {
    const format = ['--format', '{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}'];
    const { stdout } = await this.docker.run(['image', 'ls', '--digests', ...format]);
    const own = stdout.split(/\s+/).filter((name) => name.startsWith(this.repository));
    const names = [...new Set(own)].filter((name) => !name.includes('<none>'));
    if (names.length > 0) await this.docker.run(['image', 'rm', '--force', ...names]);
  }

  /** Without names, ids, progress, and the log of docker's notary library. */
  normal({ stdout, stderr, code }: Transcript) {
    const plain = (text: string) =>
      text
        .replaceAll(this.repository, 'R')
        .replaceAll(this.#folder, 'DIR')
        .replaceAll(`app/${this.name}`, 'app/NAME')
        .split('\n')
        .map((line) => line.replace(/^error during connect: Post "[^"]*": /, ''))
        .filter(
          (line) =>
            !/^[0-9a-f]{12}: |^(Status|DEPRECATED| {2,}(BuildKit|Install|environment|https)|Sending build context|time="|\s+--->)/.test(
              line,
            ),
        )
        .join('\n')
        .replace(/^sha256:[0-9a-f]{64}$/gm, 'IMAGE')
        // Left over of progress.
        .replace(/^[\r\n]+/, '')
        // Which of the two is wrong first is by chance in Go.
        .replace(/sha(?:256|512) (checksum .* expected) [0-9a-f]+/, 'SHA $1')
        .replace(/(?<!sha256:)\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b/g, 'ID');
    return { code, stdout: plain(stdout), stderr: plain(stderr) };
  }

  [Symbol.dispose](): void {
    this.docker[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #named(word: string): string {
    return word.replace(/\bR(?=[:@\s"-]|$)/g, this.repository).replaceAll('DIGEST', this.digest);
  }
}

/** Both sides on one engine, one registry and one trust server with a middleman before it. */
export class EnforcementWorld implements AsyncDisposable {
  readonly engine: Engine;
  readonly pair: ReferencePair;
  readonly middleman: TrustMiddleman;
  readonly theirs: EnforcingSide;
  readonly ours: EnforcingSide;

  private constructor(engine: Engine, pair: ReferencePair, middleman: TrustMiddleman) {
    this.engine = engine;
    this.pair = pair;
    this.middleman = middleman;
    this.theirs = new EnforcingSide('theirs', pair, engine, middleman.url);
    this.ours = new EnforcingSide('ours', pair, engine, middleman.url);
  }

  get sides(): readonly [EnforcingSide, EnforcingSide] {
    return [this.theirs, this.ours];
  }

  /** Signs as docker does, whatever side it is for. */
  static async start(): Promise<EnforcementWorld> {
    const pair = await startReferencePair();
    const engine = await startEngine();
    const world = new EnforcementWorld(engine, pair, await TrustMiddleman.start(pair));
    await buildImage(world.theirs.docker, 'seed', { dockerfile: [] });
    for (const { docker, repository } of world.sides) {
      for (const tag of ['v1', 'plain', 'revoked']) {
        await docker.must(['tag', 'seed', `${repository}:${tag}`]);
        await docker.must(['push', `${repository}:${tag}`], { trust: tag !== 'plain' });
      }
      await docker.must(['trust', 'revoke', '--yes', `${repository}:revoked`]);
    }
    const old = new Date(Date.now() - 30 * 24 * 3_600_000);
    for (const side of world.sides) {
      const { docker, repository } = side;
      const format = ['--format', '{{json .RepoDigests}}'];
      const { stdout } = await docker.must(['image', 'inspect', ...format, `${repository}:v1`]);
      const [found = ''] = (JSON.parse(stdout) as string[]).filter((each) =>
        each.startsWith(repository),
      );
      side.digest = found.slice(found.indexOf('@') + 1);
      await docker.must(['tag', 'seed', `${repository}-old:v1`]);
      await docker.must(['push', `${repository}-old:v1`]);
      await world.middleman.serveOld(`${repository}-old`, 'v1', side.digest, old);
    }
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.theirs[Symbol.dispose]();
    this.ours[Symbol.dispose]();
    await this.engine[Symbol.asyncDispose]();
    await this.middleman[Symbol.asyncDispose]();
    await this.pair[Symbol.asyncDispose]();
  }
}
