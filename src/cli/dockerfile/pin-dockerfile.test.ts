// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles write variables so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isStoreError } from '../../base/index.ts';
import { pinDockerfile } from './pin-dockerfile.ts';

type Builder = 'classic' | 'buildkit';
const digest = `sha256:${'a'.repeat(64)}`;

/** Every name that is looked up becomes PINNED(name). */
async function pinned(text: string, builder: Builder, args: Record<string, string> = {}) {
  const { text: told } = await pinDockerfile(text, {
    builder,
    args: (name) => new Map(Object.entries(args)).get(name),
    contexts: ['docs', 'base:latest', 'docker.io/library/full', 'reg.test/a/b:1'],
    resolve: async (name) => (name.includes('@') ? undefined : { pinned: `PINNED(${name})` }),
  });
  return told;
}

/* Lines are separated by `|`. What docker is told instead, by either builder. */
const files: readonly [file: string, told: string][] = [
  ['FROM alpine', 'FROM PINNED(alpine)'],
  ['FROM alpine:3.20', 'FROM PINNED(alpine:3.20)'],
  ['from  localhost:5000/a/b:1   as  x', 'from  PINNED(localhost:5000/a/b:1)   as  x'],
  ['FROM --platform=$BUILDPLATFORM go AS x', 'FROM --platform=$BUILDPLATFORM PINNED(go) AS x'],
  ['FROM scratch', 'FROM scratch'],
  ['FROM a@DIGEST', 'FROM a@DIGEST'],
  ['FROM a|FROM b AS c|FROM C', 'FROM PINNED(a)|FROM PINNED(b) AS c|FROM C'],
  // A stage is known from its line on, and not before.
  ['FROM c|FROM b AS c', 'FROM PINNED(c)|FROM PINNED(b) AS c'],
  ['FROM c AS c', 'FROM PINNED(c) AS c'],
  ['FROM a AS x|FROM b|COPY --from=x / /', 'FROM PINNED(a) AS x|FROM PINNED(b)|COPY --from=x / /'],
  ['FROM a|FROM b|COPY --from=0 / /', 'FROM PINNED(a)|FROM PINNED(b)|COPY --from=0 / /'],
  [
    'FROM a|COPY --from=b:1 --chown=1:1 / /',
    'FROM PINNED(a)|COPY --from=PINNED(b:1) --chown=1:1 / /',
  ],
  [
    'FROM a|COPY --link --from=b ["x", "y"]',
    'FROM PINNED(a)|COPY --link --from=PINNED(b) ["x", "y"]',
  ],
  ['FROM a|COPY --from=docs / /', 'FROM PINNED(a)|COPY --from=docs / /'],
  ['FROM base', 'FROM base'],
  // BuildKit compares the names of contexts in docker's short form.
  ['FROM docker.io/library/base:latest', 'FROM docker.io/library/base:latest'],
  ['FROM a|COPY --from=docs:latest / /', 'FROM PINNED(a)|COPY --from=docs:latest / /'],
  ['FROM full AS x', 'FROM full AS x'],
  ['FROM library/full', 'FROM library/full'],
  ['FROM full:1', 'FROM PINNED(full:1)'],
  ['FROM reg.test/a/b:1', 'FROM reg.test/a/b:1'],
  ['FROM reg.test/a/b', 'FROM PINNED(reg.test/a/b)'],
  [
    'FROM a|RUN --mount=type=bind,from=b,target=/b true',
    'FROM PINNED(a)|RUN --mount=type=bind,from=PINNED(b),target=/b true',
  ],
  ['FROM a|RUN echo --from=b', 'FROM PINNED(a)|RUN echo --from=b'],
  ['FROM a|RUN x && \\|  FROM b', 'FROM PINNED(a)|RUN x && \\|  FROM b'],
  ['FROM a|RUN x && \\|# FROM b||  FROM c', 'FROM PINNED(a)|RUN x && \\|# FROM b||  FROM c'],
  ['# FROM a|FROM b|#FROM c', '# FROM a|FROM PINNED(b)|#FROM c'],
  ['FROM \\|  a \\|  AS x|FROM x', 'FROM \\|  PINNED(a) \\|  AS x|FROM x'],
  ['FROM al\\|pine', 'FROM PINNED(alpine)'],
  ['\uFEFFFROM a', 'FROM PINNED(a)'],
  ['ARG V=1|FROM a:$V', 'ARG V=1|FROM PINNED(a:1)'],
  ['ARG V="1"|ARG W=${V}.2|FROM a:${W}', 'ARG V="1"|ARG W=${V}.2|FROM PINNED(a:1.2)'],
  ['ARG G|FROM $G', 'ARG G|FROM PINNED(given)'],
  ['ARG G=other|FROM $G', 'ARG G=other|FROM PINNED(given)'],
  // Whoever builds could still give the variable another value.
  ['ARG S=x|FROM a AS x|FROM $S', 'ARG S=x|FROM PINNED(a) AS x|FROM x'],
  ['ARG S=scratch|FROM $S', 'ARG S=scratch|FROM scratch'],
  ['ARG D=a@DIGEST|FROM ${D} AS x', 'ARG D=a@DIGEST|FROM a@DIGEST AS x'],
  ['ARG I|FROM ${I:-alpine}', 'ARG I|FROM PINNED(alpine)'],
  ['ARG I|FROM alpine${I:+:$I}', 'CLI_UNENFORCEABLE'],
  ['ARG I=|FROM alpine${I:+:2}', 'ARG I=|FROM PINNED(alpine)'],
  // An ARG of a stage says nothing in FROM.
  ['FROM a|ARG V=1|FROM b:$V', 'CLI_UNENFORCEABLE'],
  ['FROM a:$TARGETARCH', 'CLI_UNENFORCEABLE'],
  // BuildKit has a value for it.
  ['FROM a:${TARGETARCH:-b}', 'CLI_UNENFORCEABLE'],
  ['FROM a${TARGETARCH:+:b}', 'CLI_UNENFORCEABLE'],
  ['ARG TARGETARCH=b|FROM a:${TARGETARCH:-c}', 'ARG TARGETARCH=b|FROM PINNED(a:b)'],
  ['ARG BUILDARCH|FROM a:$BUILDARCH', 'ARG BUILDARCH|FROM PINNED(a:given)'],
  ['FROM a:${V/1/2}', 'CLI_UNENFORCEABLE'],
  ['FROM "a"', 'CLI_UNENFORCEABLE'],
  ['FROM a b', 'CLI_UNENFORCEABLE'],
  ['FROM', 'CLI_UNENFORCEABLE'],
  ['FROM a|COPY --from=$B / /', 'CLI_UNENFORCEABLE'],
  ['FROM a|COPY --from=3 / /', 'CLI_UNENFORCEABLE'],
  ['FROM a|ONBUILD COPY --from=b / /', 'FROM PINNED(a)|ONBUILD COPY --from=b / /'],
  // Ways to show one Dockerfile to us and another to the engine.
  ['FROM a|\u00a0FROM b', 'CLI_UNENFORCEABLE'],
  ['FROM a|\vFROM b', 'CLI_UNENFORCEABLE'],
  ['FROM a|\u2003COPY --from=b / /', 'CLI_UNENFORCEABLE'],
  ['FROM\fb', 'CLI_UNENFORCEABLE'],
  ['FROM a\rFROM b', 'CLI_UNENFORCEABLE'],
  ['FROM a|COPY --fr"om"=b / /', 'CLI_UNENFORCEABLE'],
  ['FROM a|COPY --chown="1 --x" --from=b / /', 'CLI_UNENFORCEABLE'],
  ['FROM a|COPY --from="b" / /', 'CLI_UNENFORCEABLE'],
  [
    'FROM a|RUN --mount=type=bind,FROM=b,target=/b true',
    'FROM PINNED(a)|RUN --mount=type=bind,FROM=PINNED(b),target=/b true',
  ],
  ['FROM a|RUN --mount=type=bind,"from=b",target=/b true', 'CLI_UNENFORCEABLE'],
  ['# escape=`|FROM a|RUN x \\|FROM b', '# escape=`|FROM PINNED(a)|RUN x \\|FROM PINNED(b)'],
  ['# escape=`|FROM a|RUN x `|FROM b', '# escape=`|FROM PINNED(a)|RUN x `|FROM b'],
  ['# x|# escape=`|FROM a|RUN x `|FROM b', 'CLI_UNENFORCEABLE'],
  ['# check=skip=all|# escape=`|FROM a|RUN x `|FROM b', 'CLI_UNENFORCEABLE'],
  ['#\u0085escape=`|FROM a|RUN x \\|FROM b', 'CLI_UNENFORCEABLE'],
  ['#\u0085syntax=b|FROM a', 'CLI_UNENFORCEABLE'],
  ['FROM a|INCLUDE other', 'CLI_UNENFORCEABLE'],
  // What is a heredoc to one engine, which hides the next image in it, and none to another.
  ["FROM a|RUN <<ENTRYPOINT it's|FROM b|ENTRYPOINT", 'CLI_UNENFORCEABLE'],
  ['FROM a|RUN <<ENTRYPOINT "|FROM b|ENTRYPOINT', 'CLI_UNENFORCEABLE'],
  ['FROM a|RUN <<ENTRYPOINT ${|FROM b|ENTRYPOINT', 'CLI_UNENFORCEABLE'],
  ['FROM a|RUN <<ENTRY"POINT"|FROM b|ENTRYPOINT', 'CLI_UNENFORCEABLE'],
  ['FROM a|RUN <<ENTRY\\POINT|FROM b|ENTRYPOINT', 'CLI_UNENFORCEABLE'],
  ['FROM a|RUN <<$V|FROM b|$V', 'CLI_UNENFORCEABLE'],
  ['FROM a|RUN << ENTRYPOINT|FROM b|ENTRYPOINT', 'CLI_UNENFORCEABLE'],
  ['# escape=`|FROM a|RUN echo `" <<ENTRYPOINT `"|FROM b|ENTRYPOINT', 'CLI_UNENFORCEABLE'],
  ['FROM a|RUN cat <<<x|FROM b', 'FROM PINNED(a)|RUN cat <<<x|FROM PINNED(b)'],
];

for (const builder of ['classic', 'buildkit'] as const) {
  for (const [file, told] of files) {
    test(`${builder}: ${JSON.stringify(file)} becomes ${JSON.stringify(told)}`, async () => {
      const text = file.replaceAll('|', '\n').replaceAll('DIGEST', digest);
      const expected = told.replaceAll('|', '\n').replaceAll('DIGEST', digest);
      assert.equal(
        await pinned(text, builder, { G: 'given', BUILDARCH: 'given' }).catch(codeOf),
        expected,
      );
    });
  }
}

/* Where the builders differ: only BuildKit has frontends and heredocs, but newer classic ones know these too. */
const different: readonly [file: string, classic: string, buildkit: string][] = [
  [
    '# syntax=docker/dockerfile:1|FROM scratch',
    '# syntax=docker/dockerfile:1|FROM scratch',
    '# syntax=PINNED(docker/dockerfile:1)|FROM scratch',
  ],
  ['FROM a:$BUILDARCH', 'CLI_UNENFORCEABLE', 'FROM PINNED(a:given)'],
  [
    '# syntax = a@DIGEST|FROM scratch',
    '# syntax = a@DIGEST|FROM scratch',
    '# syntax = a@DIGEST|FROM scratch',
  ],
  [
    'FROM a|RUN <<E|FROM b|E|FROM c',
    'CLI_UNENFORCEABLE',
    'FROM PINNED(a)|RUN <<E|FROM b|E|FROM PINNED(c)',
  ],
  [
    'FROM a|RUN <<-"E" cat|\tE|FROM c',
    'CLI_UNENFORCEABLE',
    'FROM PINNED(a)|RUN <<-"E" cat|\tE|FROM PINNED(c)',
  ],
  [
    'FROM a|RUN "<<E"|FROM c',
    'FROM PINNED(a)|RUN "<<E"|FROM PINNED(c)',
    'FROM PINNED(a)|RUN "<<E"|FROM PINNED(c)',
  ],
];

for (const [file, classic, buildkit] of different) {
  for (const [builder, told] of [
    ['classic', classic],
    ['buildkit', buildkit],
  ] as const) {
    test(`${builder} alone: ${JSON.stringify(file)} becomes ${JSON.stringify(told)}`, async () => {
      const text = file.replaceAll('|', '\n').replaceAll('DIGEST', digest);
      const expected = told.replaceAll('|', '\n').replaceAll('DIGEST', digest);
      assert.equal(await pinned(text, builder, { BUILDARCH: 'given' }).catch(codeOf), expected);
    });
  }
}

test('whatever a Dockerfile holds, it is pinned or refused, and what is pinned stays so', async () => {
  const word = fc.constantFrom(
    'FROM',
    'COPY',
    'RUN',
    '--from=a',
    'a',
    'AS',
    'b',
    '$V',
    '<<E',
    'E',
    '"',
    '\\',
    '\n',
    '\n',
    ' ',
    ' ',
    '#',
    '\t',
    '\u00a0',
    'ARG',
    'V=1',
    '--mount=from=a',
    ',',
  );
  const file = fc.array(word, { maxLength: 30 }).map((words) => words.join(''));
  const runs = { numRuns: process.env.SLOW ? 20_000 : 300 };
  await fc.assert(
    fc.asyncProperty(
      file,
      fc.constantFrom('classic' as const, 'buildkit' as const),
      async (text, builder) => {
        const resolve = async (name: string) =>
          name.includes('@') ? undefined : { pinned: `${name.replace(/:.*/, '')}@${digest}` };
        const request = { builder, args: () => undefined, contexts: [], resolve };
        const told = await pinDockerfile(text, request).catch((error) => {
          assert.ok(isStoreError(error), String(error));
          return undefined;
        });
        if (told) assert.equal((await pinDockerfile(told.text, request)).text, told.text);
      },
    ),
    runs,
  );
});

function codeOf(error: unknown): string {
  assert.ok(isStoreError(error), String(error));
  return error.code;
}
