/**
 * The step table of the page "Content trust and image signing in Docker": build, push, pull, and
 * an unsigned image that content trust refuses. Its table signs in step 2 before the variable is
 * exported in step 3, so step 2 sets it for that one command. Every row runs against the reference
 * pair and the store.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { printed, type Transcript } from '../support/command.ts';
import { DockerCli } from '../support/docker-cli.ts';
import { buildImage } from '../support/docker-images.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { type Place, places } from '../support/peers-places.ts';

/** A row: the command after `docker`, whether content trust is on, and what comes of it. */
interface Step {
  readonly title: string;
  readonly args: (host: string) => string[];
  readonly trust: boolean;
  readonly code: number;
  readonly says: RegExp;
}

const app = (host: string) => `${host}/acme/myapp:1.0`;
const unsigned = (host: string) => `${host}/acme/unsignedimage:latest`;
const absent = /Error: remote trust data does not exist for \S+\/acme\/unsignedimage: /;

// biome-ignore format: a table
const steps: readonly Step[] = [
  { title: '2 docker push signs and uploads the signature', trust: true, code: 0,
    args: (host) => ['push', app(host)], says: /^Successfully signed \S+\/acme\/myapp:1\.0$/m },
  { title: '2b docker push without content trust uploads no signature', trust: false, code: 0,
    args: (host) => ['push', unsigned(host)], says: /^latest: digest: sha256:[0-9a-f]{64} size: \d+\n$/m },
  { title: '4 docker pull verifies the signature', trust: true, code: 0,
    args: (host) => ['pull', app(host)], says: /^Pull \(1 of 1\): \S+\/acme\/myapp:1\.0@sha256:[0-9a-f]{64}$/m },
  { title: '4b docker run verifies it too, and runs', trust: true, code: 0,
    args: (host) => ['run', '--rm', '--network', 'none', app(host)], says: /^this is \S+\/acme\/myapp:1\.0$/m },
  { title: '5 docker pull of an unsigned image fails', trust: true, code: 1,
    args: (host) => ['pull', unsigned(host)], says: absent },
  { title: '5b docker run of an unsigned image fails', trust: true, code: 125,
    args: (host) => ['run', '--rm', '--network', 'none', unsigned(host)], says: absent },
  { title: '6 without content trust the unsigned image is pulled', trust: false, code: 0,
    args: (host) => ['pull', unsigned(host)], says: /^Status: .* \S+\/acme\/unsignedimage:latest$/m },
  { title: '6b and runs', trust: false, code: 0,
    args: (host) => ['run', '--rm', '--network', 'none', unsigned(host)], says: /^this is \S+\/acme\/unsignedimage:latest$/m },
];

let engine: Engine;
before(async () => {
  engine = await startEngine();
});
after(() => engine.stop());

for (const [name, open] of Object.entries(places)) {
  describe(name, () => {
    let place: Place;
    let producer: DockerCli;

    before(async () => {
      place = await open([{ name: 'maker', namespace: 'acme' }]);
      producer = new DockerCli(engine.host, place.variables);
      await place.login(producer, 'maker');
    });
    after(async () => {
      producer[Symbol.dispose]();
      await place[Symbol.asyncDispose]();
    });

    test('1 docker build is not affected by content trust', async () => {
      for (const tag of [app(place.host), unsigned(place.host)]) {
        await buildImage(producer, tag, {}, { trust: true });
      }
    });

    for (const { title, args, trust, code, says } of steps) {
      test(title, async () => {
        const said = await producer.run(args(place.host), { trust });
        assert.equal(said.code, code, printed(said));
        assert.match(spoken(said), says);
      });
    }
  });
}

function spoken({ stdout, stderr }: Transcript): string {
  return `${stdout}${stderr}`;
}
