import type { FastifyInstance, InjectOptions } from 'fastify';
import { found, MemoryDesk } from './memory-desk.ts';
import { memoryStore } from './memory-store.ts';

/** The candidates of {@link setUp}: two of acme, one of somebody else. */
export const reviewed = '1'.repeat(16);
export const published = '2'.repeat(16);
export const foreign = '3'.repeat(16);
/** Of the reviewed one. */
export const rootFinding = found({
  rule: 'HYGIENE_ROOT_USER',
  severity: 'high',
  title: 'Runs as root',
  needsReason: true,
});

/** A store in memory with three candidates and two unsigned tags. */
export async function setUp() {
  const desk = new MemoryDesk()
    .with('1', 'staging/acme/app', '1.0', 'reviewed', { found: [rootFinding] })
    .with('2', 'staging/acme/app', '0.9', 'published')
    .with('3', 'staging/other/web', '2', 'admitted')
    .withUnsigned('staging/acme/app', '1.1')
    .withUnsigned('staging/other/web', '3');
  return { desk, ...(await memoryStore(desk)) };
}

/** The headers of somebody whose password is NAME-password; none for nobody. */
export function signedInAs(user: string | undefined): Record<string, string> {
  if (user === undefined) return {};
  const text = Buffer.from(`${user}:${user}-password`).toString('base64');
  return { authorization: `Basic ${text}` };
}

/** Asks the API below `/api/v1`. */
export async function ask(
  app: FastifyInstance,
  user: string | undefined,
  method: string,
  path: string,
  body?: unknown,
) {
  const request: InjectOptions = {
    method: method as 'GET',
    url: `/api/v1${path}`,
    headers: signedInAs(user),
    ...(body === undefined ? {} : { payload: body as object }),
  };
  const reply = await app.inject(request);
  const isJson = /json/.test(String(reply.headers['content-type']));
  return {
    status: reply.statusCode,
    json: isJson ? reply.json() : undefined,
    headers: reply.headers,
  };
}
