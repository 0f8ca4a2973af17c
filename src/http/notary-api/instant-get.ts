import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, isStoreError } from '../../base/index.ts';
import type { InstantFile, InstantReads } from '../../trust/index.ts';
import { type Gun, parseGun, parseRoleName, type RoleName } from '../../tuf/index.ts';
import type { InstantGate } from '../auth/index.ts';
import {
  type Caching,
  getByChecksum,
  getByVersion,
  getCurrent,
  headersOf,
  isKnown,
  metadataType,
} from './get-metadata.ts';
import type { Meter } from './meter.ts';
import { type Operation, routes } from './routes.ts';

/** What answering at once needs. */
export interface InstantGetOptions {
  readonly reads: InstantReads;
  readonly gate: InstantGate;
  readonly clock: Clock;
  /** As of the API. */
  readonly meter?: Meter | undefined;
  /** As of the API. */
  readonly gunPrefixes?: readonly string[] | undefined;
}

/** What a path asks for. */
interface Question {
  readonly gun: Gun;
  readonly cache: Caching;
  readonly operation: Operation;
  readonly read: (reads: InstantReads) => InstantFile | undefined;
}

/** Paths that cannot be asked for at once are not in it: each of them is looked at again. */
const keptQuestions = 4_000;
const pathLimit = 512;
/** Longer bodies are not worth a copy. */
const joinedBytes = 16 * 1024;

/**
 * Answers reads of metadata before the web framework sees them: nine of ten requests are these, and
 * what the framework does for each costs more than the answer. It answers only what needs no
 * waiting and no thought: a plain GET of a file that is there and fresh, by somebody whose token is
 * known and who may pull. Everything else, every refusal too, it leaves to the API, which would have
 * given the same answer here, byte for byte.
 *
 * @returns a handler; false: it did nothing
 */
export function createInstantGet(options: InstantGetOptions) {
  const { reads, gate, clock, meter, gunPrefixes = [] } = options;
  const questions = new Map<string, Question>();
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const since = performance.now();
    const { method, url = '', headers } = request;
    if (method !== 'GET' || headers['transfer-encoding'] || headers['content-length']) return false;
    const question = questions.get(url) ?? remember(url);
    if (!question) return false;
    const principal = gate.admit(headers.authorization, question.gun, 'pull');
    const file = principal && question.read(reads);
    if (!file || (file.renewAt && file.renewAt < clock())) return false;
    const fields = headersOf(file, question.cache, principal);
    if (isKnown(file, headers['if-none-match'])) response.writeHead(304, fields).end();
    else {
      const length = { 'content-type': metadataType, 'content-length': file.bytes.length };
      response.writeHead(200, { ...fields, ...length }).end(bodyOf(file.bytes), 'latin1');
    }
    const { operation } = question;
    const bytesOut = response.statusCode === 200 ? file.bytes.length : 0;
    const ms = performance.now() - since;
    meter?.({ operation, method, status: response.statusCode, ms, bytesIn: 0, bytesOut });
    return true;
  };

  function remember(url: string): Question | undefined {
    const question = questionOf(url);
    if (!question || !isServed(question.gun)) return undefined;
    if (questions.size >= keptQuestions) questions.clear();
    questions.set(url, question);
    return question;
  }

  function isServed(gun: Gun): boolean {
    return gunPrefixes.length === 0 || gunPrefixes.some((prefix) => gun.startsWith(prefix));
  }
}

/** A short body as text, a character per byte: Node then joins it with the head into one write. */
function bodyOf(bytes: Uint8Array): string | Uint8Array {
  if (bytes.length > joinedBytes) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Undefined for everything that is not a read of metadata, written plainly. */
function questionOf(url: string): Question | undefined {
  if (url.length > pathLimit || !/^\/v2\/[-a-zA-Z0-9._:/]+\.json$/.test(url)) return undefined;
  const route = routes.find((one) => one.method === 'GET' && one.pattern.test(url));
  const params = route?.pattern.exec(url)?.groups;
  if (!route || !params) return undefined;
  try {
    const gun = parseGun(params.gun ?? '');
    const role = parseRoleName(params.role ?? '');
    const { endpoint, operation } = route;
    const read = readOf(endpoint, gun, role, params);
    const cache = endpoint === getByChecksum ? 'immutable' : 'revalidate';
    return read && { gun, cache, operation, read };
  } catch (error) {
    if (isStoreError(error)) return undefined;
    throw error;
  }
}

function readOf(
  endpoint: unknown,
  gun: Gun,
  role: RoleName,
  { checksum = '', version = '' }: Record<string, string | undefined>,
): Question['read'] | undefined {
  switch (endpoint) {
    case getCurrent:
      return (reads) => reads.current(gun, role);
    case getByChecksum:
      return (reads) => reads.byChecksum(gun, role, checksum);
    case getByVersion:
      if (!/^[1-9][0-9]{0,9}$/.test(version)) return undefined;
      return (reads) => reads.byVersion(gun, role, Number(version));
    default:
      return undefined;
  }
}
