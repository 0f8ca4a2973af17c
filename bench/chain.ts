import { randomBytes } from 'node:crypto';
import { DockerCli } from '../test/support/docker-cli.ts';
import { buildImage, wellKept } from '../test/support/docker-images.ts';
import type { Engine } from '../test/support/engine.ts';
import { startReferencePair } from '../test/support/peers-reference.ts';
import { ServerProcess } from '../test/support/server-process.ts';
import {
  candidateOf,
  historyOf,
  paula,
  pushSigned,
  reached,
  rita,
} from '../test/support/server-process-chain.ts';
import { memoryOf } from './memory.ts';
import { type Result, seconds } from './result.ts';

const imageBytes = 50 * 1_000_000;

/**
 * From `docker push` with content trust to published, the policy approving, for an image of 50 MB
 * that does not compress: seconds per link. Beside it, the same push to Debian's registry and
 * notary-server, where the chain ends with the push.
 */
export async function benchChain(engine: Engine): Promise<Result[]> {
  const plan = {
    files: { payload: randomBytes(imageBytes) },
    dockerfile: ['COPY payload /payload', ...wellKept],
  };
  const ours = await throughStore(engine, plan);
  return [...ours, await throughReference(engine, plan)];
}

type Plan = Parameters<typeof buildImage>[2];

async function throughStore(engine: Engine, plan: Plan): Promise<Result[]> {
  await using server = await ServerProcess.start({ policy: { approval: 'automatic' } });
  using docker = new DockerCli(engine.host);
  for (const user of [paula, rita]) await server.addUser(user);
  await docker.login(server.host, paula.name, paula.password);
  const image = `${server.host}/staging/acme/app:1`;
  await buildImage(docker, image, plan);

  const startedAt = Date.now();
  await pushSigned(docker, image);
  const pushedAt = Date.now();
  const { id } = await candidateOf(server, { repository: 'staging/acme/app', tag: '1' });
  await reached(server, id, 'published');
  const publishedAt = Date.now();

  // An entry bears the instant in which its step began, so a step lasted until the next one began.
  const instants = new Map(
    (await historyOf(server, id)).map(({ step, at }) => [step, Date.parse(at)] as const),
  );
  const begin = (step: string) => instants.get(step) ?? Number.NaN;
  const links = [
    seconds('50 MB image: push and sign, until admitted', begin('admit') - startedAt),
    seconds('50 MB image: admit', begin('check') - begin('admit')),
    seconds('50 MB image: check', begin('copy') - begin('check')),
    seconds('50 MB image: copy', begin('review') - begin('copy')),
    seconds('50 MB image: review, and approval by the policy', begin('seal') - begin('review')),
    seconds('50 MB image: seal', begin('serve') - begin('seal')),
    seconds('50 MB image: serve, until the waiting reviewer knows', publishedAt - begin('serve')),
  ];
  return [
    ...links,
    seconds('50 MB image: signed push to published', publishedAt - startedAt),
    seconds('50 MB image: docker push alone', pushedAt - startedAt),
    { what: '50 MB image: peak memory of the server', value: `${memoryOf(server.pid)} MiB` },
  ];
}

async function throughReference(engine: Engine, plan: Plan): Promise<Result> {
  await using pair = await startReferencePair();
  using docker = new DockerCli(engine.host, { DOCKER_CONTENT_TRUST_SERVER: pair.trustServer });
  const image = `${pair.registry}/staging/acme/app:1`;
  await buildImage(docker, image, plan);
  const startedAt = Date.now();
  await pushSigned(docker, image);
  return seconds(
    '50 MB image: docker push alone, to docker-registry and notary-server',
    Date.now() - startedAt,
  );
}
