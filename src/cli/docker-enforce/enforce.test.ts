import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runDocker } from '../docker/run-docker.ts';
import type { DockerTrustWorld, ForegroundOptions } from '../docker-ports.ts';
import { refusal } from '../docker-trust/texts.ts';
import type { CliWorld } from '../ports.ts';

/** A docker that notes what it is told, and a trust server that has signed the tags `signed`. */
async function typed(words: string, wish: string | undefined = '1', input = '') {
  const told: string[] = [];
  const printed: string[] = [];
  let variables: ForegroundOptions['variables'];
  const docker = {
    trustServerOf: () => 'trust.example',
    lastDigest: async () => undefined,
    release: async (_gun: string, tag: string) => {
      if (tag !== 'signed') throw refusal('unsigned');
      return { name: tag, sizeBytes: 1, hashes: new Map([['sha256', Buffer.alloc(32, 0xaa)]]) };
    },
    program: {
      run: async (args: readonly string[], options: ForegroundOptions = {}) => {
        told.push(args.join(' '));
        variables = options.variables;
        return 0;
      },
      // What a plugin was installed from.
      ask: async (args: readonly string[]) =>
        `${args.at(-1)}:${args.at(-1) === 'old' ? '1' : 'signed'}\n`,
      foresee: async () => undefined,
      hasImage: async () => true,
    },
    [Symbol.dispose]: () => undefined,
  } as unknown as DockerTrustWorld;
  const world = {
    env: { DOCKER_CONTENT_TRUST: wish },
    stdin: [input],
    docker: async () => docker,
    print: (text: string) => printed.push(text),
    printError: (text: string) => printed.push(text),
  } as unknown as CliWorld;
  const code = await runDocker(words.split(' '), world);
  return { code, told, variables, printed: printed.join('') };
}

/* Ways to say it of which docker makes the same, and the code it must end with. */
const refused: readonly [words: string, code: number][] = [
  ['pull a', 1],
  ['-D pull a', 1],
  ['-- pull a', 1],
  ['pull --help=false a', 1],
  ['pull -h=false a', 1],
  ['pull --help --help=false a', 1],
  ['--help=false pull a', 1],
  ['--help pull --help=false a', 125],
  ['-h pull -qh=0 a', 125],
  ['image pull a', 1],
  ['image --help=false pull a', 1],
  ['image --help pull --help=false a', 125],
  ['image -h=false pull a', 1],
  ['image --other pull a', 125],
  ['container --help=f run a', 125],
  ['run --mount type=image,src=b:1,dst=/b a@DIGEST', 125],
  ['run --mount "type=image",source=b,target=/b a@DIGEST', 125],
  ['bake', 1],
  ['-D bake --file x', 1],
  ['buildx bake', 1],
  ['buildx --builder=b bake', 1],
  ['buildx -D --builder b f', 1],
  ['builder bake', 1],
  ['builder --builder b bake', 1],
  ['buildx debug build .', 1],
  ['buildx --newer build .', 125],
  ['compose --help=false push', 1],
  // An image's id to docker in some places, and a name in others: `docker.io/library/sha256:...`.
  ['pull DIGEST', 1],
  ['run --pull always DIGEST', 125],
  ['create --pull=always DIGEST', 1],
  ['plugin install DIGEST', 1],
  [`plugin install ${'a'.repeat(64)}`, 1],
  // docker would take `ls` and `ps` for a value, and what stands behind it for the command.
  ['-- -D pull a', 125],
  ['-- -- ls pull a', 125],
  ['image -- ls pull a', 125],
  ['image -- pull a', 125],
  ['container -- ls run a', 125],
  ['service -- ls create a', 125],
  ['plugin -- ls install a', 125],
  ['buildx -- ls build .', 125],
  ['buildx --builder -- ls build .', 125],
  ['buildx --builder b -- ls build .', 125],
  ['builder -- prune build .', 125],
  ['compose -- ps up', 125],
  ['compose --parallel -1 ps up', 125],
  ['compose -p -x ps up', 125],
  ['compose --ansi -- ps up', 125],
  ['compose -f a -- ps up', 125],
  ['compose --newer=x -- ps up', 125],
  // One of the joined flags would be left out with the other, or stay.
  ['compose -vf=a.yaml up', 125],
  ['compose -vf a.yaml up', 125],
  // Flags that `run` has and `create` has not.
  ['create -d a:signed', 125],
  ['create --detach-keys a a:signed', 125],
  ['service create a', 1],
  ['service create --name a:signed a b', 1],
  ['service create --mount type=image,src=b,dst=/b a:signed', 1],
  ['service update --image=a s', 1],
  ['service update s --image a:signed --image a', 1],
  ['plugin install a', 1],
  ['plugin install --alias a:signed a', 1],
  ['plugin upgrade old', 1],
  ['plugin upgrade a b', 1],
  ['plugin upgrade a DIGEST', 1],
];

for (const [words, code] of refused) {
  test(`docker is not told "${words}" when nothing is signed`, async () => {
    const end = await typed(words.replaceAll('DIGEST', `sha256:${'a'.repeat(64)}`));
    assert.deepEqual([end.told, end.code], [[], code], end.printed);
    assert.notEqual(end.printed, '');
  });
}

/* What is asked without content trust, for help, or for nothing that takes an image. */
const passed: readonly [words: string, wish?: string][] = [
  ['pull a', ''],
  ['pull --newer x a', '0'],
  ['pull --help'],
  ['--help'],
  ['--help pull'],
  ['image'],
  ['image --help'],
  ['image ls -a'],
  ['image --help=false ls'],
  ['buildx ls'],
  ['buildx --builder b inspect'],
  ['builder prune'],
  ['service ls'],
  ['service update --force s'],
  ['plugin ls'],
  ['plugin upgrade a b@DIGEST'],
  ['compose -fa.yaml -p=-x --parallel=-1 -v=false --newer=x ps -- -x'],
  ['image ls -- pull a'],
  ['run DIGEST'],
  [`create --pull never ${'a'.repeat(64)}`],
  ['service create DIGEST'],
  ['service update s --image=DIGEST'],
];

/* What a tag is signed for, in its place; docker 29 would ask for the tag. */
const pinned: readonly [words: string, told: string][] = [
  ['create --name x a:signed a', 'create --name x a@DIGEST a'],
  ['service create --name x a:signed a', 'service create --name x a:signed@DIGEST a'],
  ['service create a@DIGEST', 'service create a@DIGEST'],
  ['service update s --image a --image a:signed', 'service update s --image=a:signed@DIGEST'],
  ['plugin install a:signed K=V', 'plugin install a@DIGEST K=V --alias=a:signed'],
  ['plugin install --alias b a:signed', 'plugin install --alias b a@DIGEST'],
  ['plugin install a@DIGEST', 'plugin install a@DIGEST'],
  // docker would ask whether it is to be another plugin.
  ['plugin upgrade a', 'plugin upgrade a --skip-remote-check a@DIGEST'],
  ['plugin upgrade -- a', 'plugin upgrade --skip-remote-check -- a a@DIGEST'],
  ['plugin upgrade a docker.io/a:signed', 'plugin upgrade a a@DIGEST --skip-remote-check'],
  ['plugin upgrade a b:signed', 'plugin upgrade a b@DIGEST'],
];

for (const [words, told] of pinned) {
  test(`docker is told "${told}" for "${words}"`, async () => {
    const digested = (text: string) => text.replaceAll('DIGEST', `sha256:${'a'.repeat(64)}`);
    const end = await typed(digested(words));
    assert.deepEqual(end.told, [digested(told)], end.printed);
  });
}

for (const [words, wish] of passed) {
  test(`docker is told "${words}" with DOCKER_CONTENT_TRUST=${wish ?? 1}`, async () => {
    const digested = words.replaceAll('DIGEST', `sha256:${'a'.repeat(64)}`);
    assert.deepEqual((await typed(digested, wish)).told, [digested]);
  });
}

/* The flag that switches content trust off, of which docker 29 complains. Older ones mind the variable, too. */
const switchedOff: readonly [words: string, told: string][] = [
  ['pull --disable-content-trust a', 'pull a'],
  ['image push -q --disable-content-trust=true a', 'image push -q a'],
  [
    'run --rm --disable-content-trust a --disable-content-trust',
    'run --rm a --disable-content-trust',
  ],
  ['buildx --builder b build --disable-content-trust .', 'buildx build --builder b .'],
];

for (const [words, without] of switchedOff) {
  test(`docker is told "${without}" without content trust for "${words}"`, async () => {
    const { told, variables } = await typed(words);
    assert.deepEqual([told, variables], [[without], undefined]);
  });
}

for (const words of ['build -', 'buildx build --file=x -']) {
  test(`"${words}" does not leave docker to tell a Dockerfile from an archive`, async () => {
    const { told, printed } = await typed(words, '1', 'FROM scratch\n');
    assert.match(told.join('|'), /^(buildx )?build \/\S+ --file=\/\S+\/Dockerfile$/, printed);
  });
}

/* The form of an image's id, which docker takes for a name in a build. */
const id = `sha256:${'a'.repeat(64)}`;

for (const [words, dockerfile] of [
  ['build -', `FROM ${id}\n`],
  ['buildx build -', `FROM ${id}\n`],
  [`buildx build --build-context=a=docker-image://${id} -`, 'FROM scratch\n'],
] as const) {
  test(`docker is not told "${words}" of ${dockerfile.trim()} when nothing is signed`, async () => {
    const { told, printed } = await typed(words, '1', dockerfile);
    assert.deepEqual([told, printed], [[], 'unsigned\n']);
  });
}

test('what stands between two words of a command is still said', async () => {
  const { told } = await typed(
    'container --help=false run --rm a@DIGEST'.replace('DIGEST', `sha256:${'a'.repeat(64)}`),
  );
  assert.deepEqual(told, [`container run --help=false --rm a@sha256:${'a'.repeat(64)}`]);
});

test('a refusal of container run names the help of run, as docker does', async () => {
  const { printed } = await typed('container run a');
  assert.equal(printed, "docker: unsigned\n\nRun 'docker run --help' for more information\n");
});
