import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { anonymous } from '../../adapters/remotes/index.ts';
import { DockerWithEngine } from './docker-with-engine.ts';

/*
 * Whether docker is started. The one on the PATH here is a program that fails at once and says nothing
 * (`false`), so whatever comes back without an error came from the engine.
 */

const name = `registry.example/app@sha256:${'ab'.repeat(32)}`;
const started = { code: 'DOCKER_FAILED', message: /did not say why/ };

const acts: Readonly<Record<string, (docker: DockerWithEngine) => Promise<unknown>>> = {
  pull: (docker) => docker.pull(name, { to: 'nowhere' }),
  tag: (docker) => docker.tag(name, 'registry.example/app:v1'),
  requireLocalImage: (docker) => docker.requireLocalImage(name),
};

/** What an engine answers that does all it is asked. */
const able: RequestListener = ({ method, url = '' }, response) => {
  const code = method === 'POST' && url.includes('/tag?') ? 201 : 200;
  response.writeHead(code).end('{"status":"x"}');
};

const engines: readonly [
  what: string,
  answer: RequestListener,
  globals: string[],
  isStarted: boolean,
][] = [
  ['does it', able, [], false],
  ['does it, told by flags of no account', able, ['--debug', '--log-level=error'], false],
  ['refuses', (_, response) => response.writeHead(404).end('{"message":"no"}'), [], true],
  ['breaks', (request) => request.socket.destroy(), [], true],
  ['says what is no answer', (_, response) => response.end('<html>'), [], true],
  ['is not the one of --host', able, ['--host=unix:///nosuch.sock'], true],
  ['is one of several hosts', able, ['-H', 'unix:///a', '-H', 'unix:///b'], true],
  ['is not the one of --context', able, ['--context', 'nosuch'], true],
  ['is to be asked over TLS', able, ['--tlsverify'], true],
];

for (const [what, answer, globals, isStarted] of engines) {
  for (const [act, run] of Object.entries(acts)) {
    // Of an image that is there, more is not asked.
    if (act === 'requireLocalImage' && what === 'says what is no answer') continue;
    test(`${act}, where the engine ${what}: docker is ${isStarted ? '' : 'not '}started`, async () => {
      await using world = await fakeEngine(answer);
      using docker = world.docker(globals);
      if (isStarted) await assert.rejects(run(docker), started);
      else await run(docker);
    });
  }
}

test('whether there is an image is what the engine says, else what docker does', async () => {
  for (const [answer, expected] of [
    [able, true],
    [(_, response) => response.writeHead(404).end(), false],
    [(_, response) => response.writeHead(500).end(), false],
  ] as [RequestListener, boolean][]) {
    await using world = await fakeEngine(answer);
    using docker = world.docker([]);
    assert.equal(await docker.hasImage(name), expected);
  }
});

test('a pull that fails once something is shown is not begun again', async () => {
  await using world = await fakeEngine((_request, response) => {
    response.end('{"status":"one"}\n{"error":"no space left"}\n');
  });
  using docker = world.docker([]);
  await assert.rejects(docker.pull(name, { to: 'nowhere' }), {
    code: 'DOCKER_FAILED',
    message: 'no space left',
  });
});

const other = `registry.example/app@sha256:${'cd'.repeat(32)}`;
const own = { Os: 'linux', Architecture: process.arch === 'x64' ? 'amd64' : process.arch };

/** An engine that has this image, and pulls whatever it is told. */
function having(image: object | undefined, seen: string[]): RequestListener {
  return ({ method, url = '' }, response) => {
    seen.push(`${method} ${decodeURIComponent(url).replace(/^\/v1\.41/, '')}`);
    const code = url.includes('/tag?') ? 201 : 200;
    if (method !== 'GET') response.writeHead(code).end('{"status":"pulled"}');
    else if (image) response.end(JSON.stringify(image));
    else response.writeHead(404).end();
  };
}

const looked = `GET /images/${name}/json`;
const pullOf = (pinned: string) => `POST /images/create?fromImage=${pinned.replace('@', '&tag=')}`;
const tagOf = (pinned: string, tag: string) =>
  `POST /images/${pinned}/tag?repo=registry.example/app&tag=${tag}`;
const foreseen: readonly [
  what: string,
  image: object | undefined,
  wanted: string,
  asked: string[],
][] = [
  ['is pulled before it is asked for, once', own, name, [looked, pullOf(name)]],
  [
    'is not what is pulled when the tag has moved',
    own,
    other,
    [looked, pullOf(name), pullOf(other)],
  ],
  ['is not pulled before, where it is not there', undefined, name, [looked, pullOf(name)]],
  [
    'nor where it is for another platform',
    { ...own, Architecture: 's390x' },
    name,
    [looked, pullOf(name)],
  ],
  ['nor for another system', { ...own, Os: 'windows' }, name, [looked, pullOf(name)]],
  ['nor where the engine does not say', {}, name, [looked, pullOf(name)]],
];

for (const [what, image, wanted, asked] of foreseen) {
  test(`what is foreseen ${what}`, async () => {
    const seen: string[] = [];
    await using world = await fakeEngine(having(image, seen));
    using docker = world.docker([]);
    await docker.foresee(name);
    await docker.pull(wanted, { to: 'nowhere' });
    assert.deepEqual(seen.toSorted(), asked.toSorted());
    await docker.pull(wanted, { to: 'nowhere' });
    assert.deepEqual(seen.toSorted(), [...asked, pullOf(wanted)].toSorted());
  });
}

test('a tag that the image had is not given again, after a pull of what was there', async () => {
  const tagged = 'registry.example/app:v1';
  const image = { ...own, RepoTags: [tagged] };
  const tags = (seen: string[]) => seen.filter((asked) => asked.includes('/tag?'));
  const pulled = async (steps: (docker: DockerWithEngine) => Promise<void>) => {
    const seen: string[] = [];
    await using world = await fakeEngine(having(image, seen));
    using docker = world.docker([]);
    await steps(docker);
    return tags(seen);
  };
  const pullName = (docker: DockerWithEngine) => docker.pull(name, { to: 'nowhere' });
  const has = await pulled(async (docker) => {
    await docker.foresee(name);
    await pullName(docker);
    await docker.tag(name, tagged);
    await docker.tag(name, 'registry.example/app:v2');
    await docker.tag(other, tagged);
  });
  assert.deepEqual(has, [tagOf(name, 'v2'), tagOf(other, 'v1')]);
  const unforeseen = await pulled(async (docker) => {
    await pullName(docker);
    await docker.tag(name, tagged);
  });
  assert.deepEqual(unforeseen, [tagOf(name, 'v1')]);
  const unpulled = await pulled(async (docker) => {
    await docker.foresee(name);
    await docker.tag(name, tagged);
  });
  assert.deepEqual(unpulled, [tagOf(name, 'v1')]);
});

for (const [what, leave] of [
  ['nobody asks for', async (docker: DockerWithEngine) => docker[Symbol.dispose]()],
  ['is not what is asked for', (docker: DockerWithEngine) => docker.pull(other, { to: 'nowhere' })],
] as const) {
  test(`a pull that was foreseen and ${what} is broken off`, async () => {
    const isBegun = Promise.withResolvers<void>();
    const isLeft = Promise.withResolvers<void>();
    await using world = await fakeEngine(({ method, url = '' }, response) => {
      if (method === 'GET') response.end(JSON.stringify(own));
      else if (url.includes(encodeURIComponent('sha256:cd'))) response.end('{"status":"pulled"}');
      else response.on('close', isLeft.resolve).write('{"status":"x"}\n', () => isBegun.resolve());
    });
    using docker = world.docker([]);
    await docker.foresee(name);
    await isBegun.promise;
    await leave(docker);
    await isLeft.promise;
  });
}

test('what fails before it is asked for fails when it is', async () => {
  await using world = await fakeEngine(({ method }, response) => {
    if (method === 'GET') response.end(JSON.stringify(own));
    else response.writeHead(500).end();
  });
  using docker = world.docker([]);
  await docker.foresee(name);
  await assert.rejects(docker.pull(name, { to: 'nowhere' }), started);
  await using none = await fakeEngine((_request, response) => response.end('<html>'));
  using lost = none.docker([]);
  await lost.foresee(name);
});

test('an engine that does not answer is not waited for before the tag is verified', async () => {
  await using world = await fakeEngine(() => {});
  using docker = world.docker([]);
  await docker.foresee(name);
});

test('an engine that failed once is not asked again', async () => {
  let asked = 0;
  await using world = await fakeEngine((_request, response) => {
    asked++;
    response.writeHead(500).end();
  });
  using docker = world.docker([]);
  for (let i = 0; i < 3; i++) await assert.rejects(docker.tag(name, 'app:v1'), started);
  assert.equal(asked, 1);
});

async function fakeEngine(answer: RequestListener) {
  const folder = mkdtempSync(join(tmpdir(), 'cm-docker-'));
  mkdirSync(join(folder, 'bin'));
  copyFileSync('/bin/false', join(folder, 'bin/docker'));
  const server = createServer((request, response) => {
    response.setHeader('api-version', '1.41').setHeader('server', 'Docker/28.2.2 (linux)');
    if (request.url === '/_ping') response.end();
    else answer(request, response);
  });
  const socket = join(folder, 'docker.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    docker: (globals: readonly string[]) =>
      new DockerWithEngine({
        folder,
        env: { PATH: join(folder, 'bin'), DOCKER_HOST: `unix://${socket}` },
        globals,
        credentials: anonymous,
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
