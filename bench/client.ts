import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainEnvironment, runCommand, succeeded } from '../test/support/command.ts';
import { DockerCli } from '../test/support/docker-cli.ts';
import { buildImage } from '../test/support/docker-images.ts';
import { startEngine } from '../test/support/engine.ts';
import { oneFile } from '../test/support/one-file.ts';
import { startReferencePair } from '../test/support/peers-reference.ts';
import { atMostTimes, type Result } from './result.ts';
import { publishSignedTags, someTags } from './signed-tags.ts';
import { startNotaryServer } from './trust-peer.ts';

/** Fewer where a command takes seconds. */
const repeats = (tags: number) => (tags < 10_000 ? 21 : 5);
/** Of docker's time, by the number of tags. */
const factors = new Map([
  [1, 1],
  [100, 1],
  [10_000, 0.8],
]);

/** Somebody with a docker folder of their own, and a program to look at images with. */
interface Person {
  readonly program: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The trust folder. */
  readonly trust: string;
}

/**
 * The one executable beside docker 28.2.2, each command in turn, so that both meet the same moments of
 * the machine: `--version`, and `trust inspect` of a repository of Debian's notary-server that was seen
 * before, and for the first time, and a trusted pull. The fastest run counts, since others may use the machine too; the
 * middle is printed beside it.
 */
export async function benchClient(): Promise<Result[]> {
  using built = await oneFile('shipped');
  const folder = mkdtempSync(join(tmpdir(), 'cm-bench-client-'));
  try {
    await using server = await startNotaryServer('memory');
    const person = (name: string, ...program: string[]): Person => {
      const config = join(folder, name);
      mkdirSync(config);
      const variables = { DOCKER_CONFIG: config, DOCKER_CONTENT_TRUST_SERVER: server.origin };
      const env = { ...plainEnvironment(), HOME: config, ...variables };
      return { program, env, trust: join(config, 'trust') };
    };
    const both = [person('ours', built.file), person('docker', 'docker')] as const;
    const results = [await compare('--version', both, 1.5, ['--version'])];
    const [ours, docker] = both;
    const trust = [
      { ...ours, program: [built.file, 'docker', 'trust'] },
      { ...docker, program: ['docker', 'trust'] },
    ] as const;
    for (const [count, factor] of factors) {
      const gun = `${server.origin.replace('https://', '')}/bench/tags${count}`;
      await publishSignedTags(server.origin, gun, someTags(count));
      const what = `trust inspect, ${count} tag${count === 1 ? '' : 's'}`;
      const first = (one: Person) => rmSync(one.trust, { recursive: true, force: true });
      results.push(await compare(`${what}, seen before`, trust, factor, ['inspect', gun], count));
      results.push(
        await compare(`${what}, never seen`, trust, factor, ['inspect', gun], count, first),
      );
    }
    return [...results, await benchPull(built.file, folder)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A pull of an image that is there already: its tag is looked up, and the engine asked for the digest. */
async function benchPull(program: string, folder: string): Promise<Result> {
  await using engine = await startEngine();
  await using pair = await startReferencePair();
  const config = join(folder, 'pull');
  mkdirSync(config);
  const env = {
    ...plainEnvironment(),
    ...{ HOME: config, DOCKER_CONFIG: config, DOCKER_HOST: engine.host, DOCKER_CONTENT_TRUST: '1' },
    DOCKER_CONTENT_TRUST_SERVER: pair.trustServer,
    DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE: 'of the root key',
    DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE: 'of all others',
  };
  const image = `${pair.registry}/bench/app:v1`;
  using docker = new DockerCli(engine.host, {});
  await buildImage(docker, image, { dockerfile: [] });
  succeeded(await runCommand('docker', ['push', image], { env }));
  const trust = join(config, 'trust');
  const people = [
    { program: [program, 'docker'], env, trust },
    { program: ['docker'], env, trust },
  ] as const;
  return await compare('trusted pull of an image already present', people, 1, ['pull', image]);
}

async function compare(
  what: string,
  people: readonly [Person, Person],
  factor: number,
  args: readonly string[],
  tags = 0,
  before?: (one: Person) => void,
): Promise<Result> {
  const times = people.map((): number[] => []);
  for (let i = -1; i < repeats(tags); i++) {
    for (const [j, one] of people.entries()) {
      before?.(one);
      const ms = await timeOf(one, args);
      // The first one fills caches, the machine's and its own.
      if (i >= 0) times[j]?.push(ms);
    }
  }
  const [ours = Number.NaN, theirs = Number.NaN] = times.map((each) => Math.min(...each));
  const shown = times.map((each) => `${middle(each).toFixed(1)} ms`).join(', docker ');
  console.log(`${what}: the middle of ${repeats(tags)} runs, ${shown}`);
  return atMostTimes(`client: ${what}, ms, docker 28.2.2`, ours, theirs, factor);
}

async function timeOf({ program, env }: Person, args: readonly string[]): Promise<number> {
  const [file = '', ...first] = program;
  const startedAt = performance.now();
  const ended = await runCommand(file, [...first, ...args], { env });
  const ms = performance.now() - startedAt;
  succeeded(ended);
  return ms;
}

function middle(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
