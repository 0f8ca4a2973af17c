import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyRequest } from 'fastify';
import { openGate } from '../../../test/support/registry-server.ts';
import type { InstantGate } from '../auth/index.ts';
import { closingMirrors, closingMirrorsAtOnce } from './mirror-gate.ts';

const upstreamOf = (repository: string) =>
  repository.startsWith('mirror/') ? 'upstream.example' : undefined;
const request = { headers: {} } as FastifyRequest;

test('who may push pulls from a mirror as every reader does, and pushes elsewhere', async () => {
  const gate = closingMirrors(openGate, upstreamOf);
  assert.equal((await gate.require(request, 'mirror/app', ['pull'])).role, 'admin');
  await assert.rejects(gate.require(request, 'mirror/app', ['pull', 'push']), {
    code: 'REGISTRY_MIRRORED',
  });
  assert.equal((await gate.require(request, 'acme/app', ['pull', 'push'])).role, 'admin');
  assert.equal(await gate.mayPush(request, 'mirror/app'), false);
  assert.equal(await gate.mayPush(request, 'acme/app'), true);
});

test('who may not push is told that, not what is mirrored', async () => {
  const refuse = () => Promise.reject(new Error('AUTH_REQUIRED'));
  const gate = closingMirrors({ ...openGate, require: refuse }, upstreamOf);
  await assert.rejects(gate.require(request, 'mirror/app', ['push']), /AUTH_REQUIRED/);
});

test('at once, too, nobody sees in a mirror what merely lies there', () => {
  const principal = { name: 'ann', role: 'admin', namespaces: [] } as const;
  const open: InstantGate = { recall: () => undefined, admit: () => principal };
  const gate = closingMirrorsAtOnce(open, upstreamOf);
  const token = { subject: 'ann', access: [] } as never;
  assert.equal(gate.admit(token, 'mirror/app', 'push'), undefined);
  assert.equal(gate.admit(token, 'mirror/app', 'pull'), principal);
  assert.equal(gate.admit(token, 'acme/app', 'push'), principal);
});
