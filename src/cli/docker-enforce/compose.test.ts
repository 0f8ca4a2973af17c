import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { runDocker } from '../docker/run-docker.ts';
import type { AskOptions, DockerTrustWorld } from '../docker-ports.ts';
import { refusal } from '../docker-trust/texts.ts';
import type { CliWorld } from '../ports.ts';

/* A compose of which what matters is written down; every tag but `plain` is signed. */
const web = mkdtempSync(join(tmpdir(), 'cm-compose-'));
writeFileSync(join(web, 'Dockerfile'), 'ARG TAG=plain\nFROM base:$TAG\n');
after(() => rmSync(web, { recursive: true }));

const service: Readonly<Record<string, string>> = {
  a: '    image: x:1\n',
  b: '    image: x:1\n',
  p: '    image: x:1\n    profiles:\n      - p\n',
  bad: '    image: x:plain\n    profiles:\n      - debug\n',
  prof: '    build:\n      context: /nowhere\n    profiles:\n      - debug\n',
  hook: '    image: x:1\n    pre_start:\n      - image: x:plain\n',
  made: `    build:\n      context: ${web}\n`,
  on: `    build:\n      context: ${web}\n      additional_contexts:\n        made: service:made\n`,
};

/**
 * `asked` is what compose is asked for, `told` what it is made to run, without what is ours, and `real` are the
 * services that have an image in the project that it is given.
 */
async function typed(words: string, names: readonly string[], env: CliWorld['env'] = {}) {
  const asked: string[] = [];
  const told: string[] = [];
  const errors: string[] = [];
  const inputs = new Set<unknown>();
  const real: string[] = [];
  const isEvery = env.COMPOSE_PROFILES === '*' || words.includes('--profile *');
  const active = names.filter((name) => isEvery || !service[name]?.includes('profiles'));
  const ask = async (args: readonly string[], options: AskOptions = {}) => {
    asked.push(args.slice(1).join(' '));
    if (args[1] === 'version') return '5.5.0\n';
    if (args[0] === 'buildx') return 'there';
    assert.equal(options.variables?.COMPOSE_EXPERIMENTAL_OCI_REMOTE, 'false');
    inputs.add(options.input);
    if (args.includes('--services')) {
      return (args.includes('--profile=*') ? names : active).join('\n');
    }
    if (args.includes('oci://x')) throw refusal('disabled by COMPOSE_EXPERIMENTAL_OCI_REMOTE');
    options.warn?.('a warning\n');
    const wanted = args.slice(args.indexOf('config') + 1);
    const shown = wanted.length > 0 ? wanted : active;
    return `name: p\nservices:\n${shown.map((name) => `  ${name}:\n${service[name]}`).join('')}`;
  };
  const run = async (args: readonly string[]) => {
    told.push(args.join(' '));
    const file = args.find((arg) => arg.startsWith('--file=/') && arg.endsWith('/compose.yaml'));
    if (file) real.push(...realServices(readFileSync(file.slice('--file='.length), 'utf8')));
    return 0;
  };
  const docker = {
    trustServerOf: () => 'trust.example',
    release: async (_gun: string, tag: string) => {
      if (tag === 'plain') throw refusal('unsigned');
      return {
        name: tag,
        role: 'targets',
        sizeBytes: 1,
        hashes: new Map([['sha256', Buffer.alloc(32, 0xaa)]]),
      };
    },
    program: { ask, run },
    [Symbol.dispose]: () => undefined,
  } as unknown as DockerTrustWorld;
  const world = {
    env: { DOCKER_CONTENT_TRUST: '1', ...env },
    stdin: (async function* () {
      yield 'piped';
    })(),
    docker: async () => docker,
    print: () => undefined,
    printError: (text: string) => errors.push(text),
  } as unknown as CliWorld;
  const code = await runDocker(words.split(' '), world);
  const plain = told.map((line) => line.replace(/ --(file|project-[a-z]+)=\S+/g, ''));
  return { code, asked, told: plain, real, errors: errors.join(''), inputs };
}

function realServices(project: string): string[] {
  const services = new Map<string, { image?: string }>(Object.entries(parse(project).services));
  return [...services].flatMap(([name, { image }]) =>
    image?.startsWith('not-asked-for@') ? [] : name,
  );
}

/* Words, services of the project, and what compose is made to run, or why not. */
const cases: readonly [words: string, names: string, end: string | RegExp][] = [
  ['compose up -d', 'a bad', 'compose up -d'],
  ['compose up bad', 'a bad', /unsigned/],
  ['compose up a', 'a hook', 'compose up a'],
  ['compose up', 'a hook', /unsigned/],
  ['compose scale a=2', 'a hook', 'compose scale a=2'],
  ['compose --env-file e --profile x up', 'a', 'compose --env-file e --profile x up'],
  ['compose -f - -p q up', 'a', 'compose up'],
  ['compose -f oci://x up', 'a', /project in a registry/],
  ['compose --disable-content-trust up', 'bad', 'compose up'],
  ['compose --disable-content-trust=false ps', 'a', 'compose ps'],
  ['compose up -d --help', 'bad', 'compose up --help'],
  ['compose run --help', 'bad', 'compose run --help'],
  ['compose run a x --help', 'a', 'compose run a x --help'],
  ['compose start', 'a', 'compose start'],
  ['compose start', 'hook', /unsigned/],
  ['compose -p p start', 'hook', 'compose -p p start'],
  ['compose -p p -f c.yaml start', 'hook', /unsigned/],
  ['compose build', 'made', /unsigned/],
  ['compose build --build-arg TAG=1', 'made', 'compose build --build-arg TAG=1'],
  ['compose build --build-arg TAG', 'made', 'compose build --build-arg TAG'],
  ['compose build --push', 'made', /without signing/],
  ['compose run -e prof=1 a', 'a prof', 'compose run -e prof=1 a'],
  ['compose build --newer', 'made', /words nobody here knows/],
  ['compose push', 'a', /without signing/],
  ['compose publish x', 'a', /without signing/],
  ['compose bridge convert', 'a', /nobody here knows/],
  ['compose alpha publish x', 'a', /nobody here knows/],
];

for (const [words, names, end] of cases) {
  const isRefused = end instanceof RegExp;
  test(`"${words}" of ${names} is ${isRefused ? 'refused' : 'run'}`, async () => {
    const { code, told, errors } = await typed(words, names.split(' '), { TAG: '1' });
    assert.deepEqual(told, isRefused ? [] : [end], errors);
    assert.equal(code, isRefused ? 1 : 0);
    if (isRefused) assert.match(errors, end);
  });
}

/* Words, and which of `a b p` they are about; `p` is of a profile. */
const about: readonly [words: string, real: string, env?: CliWorld['env']][] = [
  ['compose up', 'a b'],
  ['compose up a', 'a'],
  ['compose up -d -- p', 'p'],
  ['compose up -d --scale a=2', 'a b'],
  ['compose up --exit-code-from a', 'a b'],
  ['compose up --no-attach a --attach b', 'a b'],
  ['compose up --no-attach=a -t 5 b', 'b'],
  ['compose up a=2', 'a b'],
  ['compose --profile * up --scale a=2', 'a b p'],
  ['compose --profile * up', 'a b p'],
  ['compose --profile * up a', 'a'],
  ['compose up', 'a b p', { COMPOSE_PROFILES: '*' }],
  ['compose up --exit-code-from p', 'a b p', { COMPOSE_PROFILES: '*' }],
  ['compose create --scale a=2', 'a b'],
  ['compose create --pull missing --scale a=2 p', 'p'],
  ['compose scale a=2', 'a'],
  ['compose scale --no-deps a=2 p=1', 'a p'],
  ['compose scale -t 5 b=2', 'b'],
  ['compose pull --policy missing -q b', 'b'],
  ['compose watch --prune=false --no-up a', 'a'],
  ['compose build --builder a b', 'b'],
  ['compose build --dry-run --ssh a -m 1g', 'a b'],
  ['compose run -e p=1 --rm a b', 'a'],
  ['compose run --name b --entrypoint p -- a b', 'a'],
  // What nobody here knows: all that could be meant.
  ['compose up --newer a', 'a b'],
  ['compose up --newer p', 'a b p'],
  ['compose up --newer', 'a b'],
  ['compose run --newer a b', 'a b'],
  ['compose scale --newer p=2', 'a b p'],
];

for (const [words, real, env] of about) {
  const all = env ? ' with every profile' : '';
  test(`"${words}"${all} is about ${real}`, async () => {
    const ended = await typed(words, ['a', 'b', 'p'], env);
    assert.equal(ended.code, 0, ended.errors);
    assert.deepEqual(ended.real.sort(), real.split(' '));
  });
}

test('a service that another is built from is read too', async () => {
  const { asked } = await typed('compose build on', ['on', 'made', 'a']);
  assert.deepEqual(
    asked.filter((line) => line.startsWith('config')),
    ['config on', 'config on made'],
  );
});

test('a project that is piped is given to compose each time', async () => {
  const { inputs, errors } = await typed('compose -f - up', ['a']);
  assert.deepEqual([...inputs], ['piped']);
  assert.equal(errors, 'a warning\n');
});
