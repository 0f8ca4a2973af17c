import { randomBytes } from 'node:crypto';
import { DockerCli } from '../test/support/docker-cli.ts';
import { buildImage } from '../test/support/docker-images.ts';
import { startEngine } from '../test/support/engine.ts';
import { admin } from '../test/support/server-process.ts';
import { startOurs, startPeer } from './registry-subject.ts';
import { atMostTimes, type Result } from './result.ts';

const imageBytes = 500 * 1_000_000;

/** `docker push` and `docker pull` of an image of 500 MB that does not compress, whole commands. */
export async function benchDockerImages(): Promise<Result[]> {
  await using engine = await startEngine();
  using docker = new DockerCli(engine.host);
  const plan = { files: { payload: randomBytes(imageBytes) }, dockerfile: ['COPY payload /p'] };
  await buildImage(docker, 'bench', plan);
  const took = new Map<string, number>();
  // Each four times, in turns: the engine and the disk have their moods.
  for (const start of Array.from({ length: 4 }, () => [startPeer, startOurs]).flat()) {
    await using subject = await start(true);
    const host = new URL(subject.origin).host;
    if (start === startOurs) await docker.login(host, admin.name, admin.password);
    const image = `${host}/bench/docker:1`;
    await docker.must(['tag', 'bench', image]);
    const who = start === startOurs ? 'ours' : 'peer';
    const timed = async (verb: 'push' | 'pull') => {
      const since = performance.now();
      await docker.must([verb, image], { timeoutMs: 300_000 });
      const ms = performance.now() - since;
      console.log(`${subject.name}: docker ${verb} ${ms.toFixed(0)} ms`);
      took.set(`${who} ${verb}`, Math.min(ms, took.get(`${who} ${verb}`) ?? ms));
    };
    await timed('push');
    await docker.must(['rmi', '--force', image, 'bench']);
    await timed('pull');
    await docker.must(['tag', image, 'bench']);
    await docker.must(['rmi', image]);
  }
  const ms = (what: string) => took.get(what) ?? Number.NaN;
  return ['push', 'pull'].map((verb) => {
    const what = `TLS: docker ${verb} of a 500 MB image, ms`;
    return atMostTimes(what, ms(`ours ${verb}`), ms(`peer ${verb}`), 1);
  });
}
