import type { Clock } from '../../base/index.ts';
import type { InstantReads } from '../../trust/index.ts';
import type { InstantGate } from '../auth/index.ts';
import { headersOf, isKnown, metadataType } from './get-metadata.ts';
import type { Meter } from './meter.ts';
import type { PlainGet } from './plain-get.ts';
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

/** What is to be sent. */
export interface InstantAnswer {
  readonly status: 200 | 304;
  readonly fields: Readonly<Record<string, string | number>>;
  /** Undefined: the client has it. */
  readonly body: Uint8Array | undefined;
}

/**
 * Answers without the framework; or has done nothing and calls `leave`, for the framework to answer:
 * with a reason when something failed. One of the two is called, once, and perhaps before this returns.
 */
export type InstantGet = (
  asked: PlainGet,
  answer: (answer: InstantAnswer) => void,
  leave: (failure?: unknown) => void,
) => void;

/**
 * Answers reads of metadata before the web framework sees them: nine of ten requests are these, and
 * what the framework does for each costs more than the answer. It answers only what needs no
 * thought: a GET of a file that is there and fresh, by somebody whose token is known and who may
 * pull. Everything else, every refusal too, it leaves to the API, which would have given the same
 * answer here, byte for byte.
 */
export function createInstantGet(options: InstantGetOptions): InstantGet {
  const { reads, gate, clock, meter, gunPrefixes = [] } = options;
  const questions = new ReadQuestions(
    (gun) => gunPrefixes.length === 0 || gunPrefixes.some((prefix) => gun.startsWith(prefix)),
  );
  return (asked, answer, leave) => {
    const since = performance.now();
    attempt(() => {
      const question = questions.of(asked.url);
      const token = question && gate.recall(asked.authorization);
      if (!token) {
        leave();
        return;
      }
      reads.when(question.file, token.subject, () =>
        attempt(() => {
          const found = find(question, token, asked.ifNoneMatch);
          if (!found) return leave();
          const { status, body } = found;
          const bytesOut = body?.length ?? 0;
          const ms = performance.now() - since;
          // Counted first: whoever was answered must not be left as well, whatever fails.
          meter?.({
            operation: question.operation,
            method: 'GET',
            status,
            ms,
            bytesIn: 0,
            bytesOut,
          });
          answer(found);
        }),
      );
    });

    function attempt(work: () => void): void {
      try {
        work();
      } catch (error) {
        leave(error);
      }
    }
  };

  function find(
    { file: asked, cache }: ReadQuestion,
    token: KnownToken,
    ifNoneMatch: string | undefined,
  ): InstantAnswer | undefined {
    const principal = gate.admit(token, asked.gun, 'pull');
    const file = principal && reads.file(asked);
    if (!file || (file.renewAt && file.renewAt < clock())) return undefined;
    const fields = headersOf(file, cache, principal);
    if (isKnown(file, ifNoneMatch)) return { status: 304, fields, body: undefined };
    const { bytes } = file;
    const length = { 'content-type': metadataType, 'content-length': bytes.length };
    return { status: 200, fields: { ...fields, ...length }, body: bytes };
  }
}

type KnownToken = NonNullable<ReturnType<InstantGate['recall']>>;
