import {
  entriesOf,
  isStoreError,
  type Json,
  optional,
  parseJson,
  stringOf,
} from '../../base/index.ts';
import { engineError } from './errors.ts';

const lineLimitBytes = 64 * 1024;
const newline = 0x0a;

/**
 * What docker prints, without a terminal, of the messages in which an engine tells of a pull: one object of JSON a
 * line. How far each layer is, is left out, as docker does there.
 *
 * @param body  as it comes; however long, no more than a line of it is kept
 * @throws StoreError ENGINE_REFUSED with the engine's reason; ENGINE_ANSWER for what is no message;
 *         whatever the body rejects with when it is cut short
 * @see docker/cli 28.2.2, internal/jsonstream/display.go; docker/docker 28.2.2, pkg/jsonmessage
 */
export async function* pullLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const line of linesOf(body)) {
    const { text, isProgress, refusal } = messageOf(line);
    if (refusal !== undefined) throw engineError('ENGINE_REFUSED', { reason: refusal });
    if (!isProgress) yield `${text}\n`;
  }
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let kept: Uint8Array = new Uint8Array();
  for await (const part of body) {
    let from = 0;
    for (let end = part.indexOf(newline); end >= 0; end = part.indexOf(newline, from)) {
      yield* whole(Buffer.concat([kept, part.subarray(from, end)]));
      kept = new Uint8Array();
      from = end + 1;
    }
    kept = Buffer.concat([kept, part.subarray(from)]);
    if (kept.length > lineLimitBytes) throw engineError('ENGINE_ANSWER', { reason: 'a long line' });
  }
  yield* whole(kept);
}

/** Nothing for a line of white space. */
function* whole(line: Uint8Array): Generator<Uint8Array> {
  if (line.length > lineLimitBytes) throw engineError('ENGINE_ANSWER', { reason: 'a long line' });
  if (line.some((byte) => byte > 0x20)) yield line;
}

interface Message {
  readonly text: string;
  /** It tells how far a layer is. */
  readonly isProgress: boolean;
  readonly refusal: string | undefined;
}

function messageOf(line: Uint8Array): Message {
  try {
    const members = entriesOf(parseJson(line), 'message');
    const id = optional(stringOf, members.get('id'), 'id');
    const status = optional(stringOf, members.get('status'), 'status') ?? '';
    const far = optional(entriesOf, members.get('progressDetail'), 'progressDetail');
    return {
      text: withoutControls(id ? `${id}: ${status}` : status),
      isProgress: [far?.get('current'), far?.get('total')].some((count) => Number(count) > 0),
      refusal: refusalOf(members.get('errorDetail') ?? members.get('error')),
    };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw engineError('ENGINE_ANSWER', { reason: error.code }, error);
  }
}

/** Anything that is there under the name of an error is one. */
function refusalOf(error: Json | undefined): string | undefined {
  if (error === undefined || error === null || error === '') return undefined;
  const said = typeof error === 'object' && !Array.isArray(error) ? error.message : error;
  return typeof said === 'string' && said !== '' ? said : 'the engine failed and did not say why';
}

/** Nothing that would steer a terminal. */
function withoutControls(text: string): string {
  return text.replace(/\p{Cc}/gu, '');
}
