/**
 * One table of requests, sent to Debian's docker-registry 2.8 and to us: status, error code and the
 * headers that clients read are the same, or `differences` names the line of docs/divergences.md
 * that says why not, and then they do differ.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { digestOf } from '../../src/base/index.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { startRegistry } from '../support/registry-server.ts';
import type { WireAnswer } from '../support/wire-request.ts';
import { differences } from './registry-differences.ts';
import { registryRequests } from './registry-requests.ts';
import { fillBase, pathOf, Side } from './registry-sides.ts';

const compared = [
  'accept-ranges',
  'content-length',
  'content-range',
  'content-type',
  'docker-content-digest',
  'docker-distribution-api-version',
  'docker-upload-uuid',
  'etag',
  'link',
  'location',
  'oci-subject',
  'range',
] as const;
const told = divergences();

describe('docker-registry and we answer alike', { concurrency: 4 }, () => {
  const undo = new AsyncDisposableStack();
  let theirs: Side;
  let ours: Side;
  before(async () => {
    theirs = new Side(undo.use(await startDockerRegistry()).origin);
    ours = new Side(undo.use(await startRegistry()).origin);
    for (const side of [theirs, ours]) await fillBase(side);
  });
  after(() => undo[Symbol.asyncDispose]());

  for (const [i, { name, ask }] of registryRequests.entries()) {
    test(name, async () => {
      const repository = `rows/of${i}`;
      const [expected, found] = (
        await Promise.all([ask(theirs, repository).catch(noAnswer), ask(ours, repository)])
      ).map(shapeOf);
      const why = differences.get(name);
      if (why === undefined) {
        assert.deepEqual(found, expected);
        return;
      }
      assert.ok(told.has(why), `docs/divergences.md has no line "${why}"`);
      assert.notDeepEqual(found, expected, `this is the same by now: take "${why}" off the row`);
      assert.ok((found?.status ?? 500) < 500, 'whatever we do otherwise, it is not a 500');
    });
  }
});

test('the table has 150 rows and more, no two of one name, and no difference without a row', () => {
  const names = new Set(registryRequests.map(({ name }) => name));
  assert.ok(names.size >= 150);
  assert.equal(names.size, registryRequests.length);
  for (const name of differences.keys()) assert.ok(names.has(name), name);
});

/** It breaks the connection where it has begun an answer that it cannot give. */
function noAnswer(): WireAnswer {
  return { status: 0, headers: {}, body: Buffer.alloc(0) };
}

/** What clients act upon: names that are made anew each time become one word. */
function shapeOf({ status, headers, body }: WireAnswer) {
  const some = compared.flatMap((name) => {
    const value = headers[name];
    return value === undefined ? [] : [[name, neutral(name, value)] as const];
  });
  const isError = status >= 400 && headers['content-type']?.startsWith('application/json');
  const fields = Object.fromEntries(some);
  // Our sentences are our own, and Go ends its JSON with a newline.
  const isJson = /^application\/json/.test(headers['content-type'] ?? '');
  if (status >= 400 || isJson) delete fields['content-length'];
  const isRead = status < 300 && body.length > 0 && !isJson;
  return {
    ...{ status, fields },
    ...(isError && { codes: codesOf(body.toString()) }),
    ...(isRead && { digest: digestOf(body) }),
    // Not the catalog, which other rows change.
    ...(isJson && body.includes('"tags"') && { tags: JSON.parse(body.toString()).tags }),
  };
}

function neutral(name: string, value: string): string {
  if (name === 'docker-upload-uuid') return 'ID';
  if (name !== 'location') return value;
  return pathOf(value).replace(/\/uploads\/[^/]+$/, '/uploads/ID');
}

function codesOf(text: string): string[] {
  if (text === '') return [];
  const { errors = [] } = JSON.parse(text) as { errors?: { code: string }[] };
  return errors.map(({ code }) => code);
}

/** First columns of the tables of the registry's section. */
function divergences(): ReadonlySet<string> {
  const text = readFileSync(new URL('../../docs/divergences.md', import.meta.url), 'utf8');
  const [, section = ''] =
    /\n## Registry, against docker-registry[^\n]*\n(.*?)\n## /s.exec(text) ?? [];
  return new Set([...section.matchAll(/^\| ([^|]+?) +\|/gm)].map(([, first = '']) => first));
}
