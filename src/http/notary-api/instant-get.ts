import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../base/index.ts';
import type { InstantReads } from '../../trust/index.ts';
import type { InstantGate } from '../auth/index.ts';
import { headersOf, isKnown, metadataType } from './get-metadata.ts';
import type { Meter } from './meter.ts';
import { type ReadQuestion, ReadQuestions } from './read-questions.ts';

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

/**
 * Answers a request without the framework; or has done nothing and calls `leave`, for the framework
 * to answer: with a reason when something failed.
 */
export type InstantGet = (
  request: IncomingMessage,
  response: ServerResponse,
  leave: (failure?: unknown) => void,
) => void;

/** Longer bodies are not worth a copy. */
const joinedBytes = 16 * 1024;

/**
 * Answers reads of metadata before the web framework sees them: nine of ten requests are these, and
 * what the framework does for each costs more than the answer. It answers only what needs no
 * thought: a plain GET of a file that is there and fresh, by somebody whose token is known and who
 * may pull. Everything else, every refusal too, it leaves to the API, which would have given the
 * same answer here, byte for byte.
 */
export function createInstantGet(options: InstantGetOptions): InstantGet {
  const { reads, gate, clock, meter, gunPrefixes = [] } = options;
  const questions = new ReadQuestions(
    (gun) => gunPrefixes.length === 0 || gunPrefixes.some((prefix) => gun.startsWith(prefix)),
  );
  return (request, response, leave) => {
    const since = performance.now();
    const attempt = (work: () => boolean) => {
      try {
        if (!work()) leave();
      } catch (error) {
        leave(error);
      }
    };
    attempt(() => {
      const { method, url = '', headers } = request;
      if (method !== 'GET' || headers['transfer-encoding'] || headers['content-length'])
        return false;
      const question = questions.of(url);
      const token = question && gate.recall(headers.authorization);
      if (!token) return false;
      reads.when(question.file, token.subject, () => attempt(() => answer(question, token)));
      return true;
    });

    function answer({ file: asked, cache, operation }: ReadQuestion, token: KnownToken): boolean {
      const principal = gate.admit(token, asked.gun, 'pull');
      const file = principal && reads.file(asked);
      if (!file || (file.renewAt && file.renewAt < clock())) return false;
      const fields = headersOf(file, cache, principal);
      const isNew = !isKnown(file, request.headers['if-none-match']);
      if (!isNew) response.writeHead(304, fields).end();
      else {
        const length = { 'content-type': metadataType, 'content-length': file.bytes.length };
        response.writeHead(200, { ...fields, ...length }).end(bodyOf(file.bytes), 'latin1');
      }
      const bytesOut = isNew ? file.bytes.length : 0;
      const ms = performance.now() - since;
      const status = response.statusCode;
      meter?.({ operation, method: 'GET', status, ms, bytesIn: 0, bytesOut });
      return true;
    }
  };
}

type KnownToken = NonNullable<ReturnType<InstantGate['recall']>>;

/** A short body as text, a character per byte: Node then joins it with the head into one write. */
function bodyOf(bytes: Uint8Array): string | Uint8Array {
  if (bytes.length > joinedBytes) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
