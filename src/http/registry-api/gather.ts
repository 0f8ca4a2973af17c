import type { IncomingMessage } from 'node:http';
import { release } from './release.ts';

/** Two such buffers are all that a body holds in memory. */
const bufferBytes = 512 * 1024;

/**
 * The body of a request in large pieces: while one is worked on, the next is filled from the socket,
 * and when that is full too, the socket is not read. A piece is gone once the next is asked for.
 *
 * Bytes come in pieces of 16 KiB over TLS; to hand on each by itself would cost more than to receive
 * it, decrypt it and copy it. What came before the sender went away is handed on before the error
 * is thrown. A reader that stops early leaves the connection open, so that the refusal can still be
 * sent.
 *
 * @param sizeBytes  of the body, where it is known: small ones need small buffers
 */
export async function* gather(
  request: IncomingMessage,
  sizeBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array, void> {
  const length = Math.max(1, Math.min(bufferBytes, sizeBytes));
  let filling: Buffer = Buffer.allocUnsafeSlow(length);
  let spare: Buffer | undefined;
  let filled = 0;
  /** What came after the buffer was full. */
  let rest: Uint8Array[] = [];
  let ended: { readonly failure: unknown } | undefined;
  let wake = () => {};

  const take = (piece: Uint8Array) => {
    const part = piece.subarray(0, filling.length - filled);
    filling.set(part, filled);
    filled += part.length;
    if (part.length < piece.length) rest.push(piece.subarray(part.length));
    else release(piece);
    if (filled < filling.length) return;
    request.pause();
    wake();
  };
  const end = (failure?: unknown) => {
    ended ??= { failure };
    wake();
  };
  const cut = () => end(request.complete ? undefined : new Error('the sender went away'));
  request.on('data', take).on('end', end).on('error', end).on('close', cut);
  if (request.destroyed) cut();
  try {
    for (;;) {
      while (filled < filling.length && !ended) {
        request.resume();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (filled === 0) break;
      const full = filling.subarray(0, filled);
      [filling, spare] = [spare ?? Buffer.allocUnsafeSlow(length), filling];
      filled = 0;
      const late = rest;
      rest = [];
      for (const piece of late) take(piece);
      if (filled < filling.length && !ended) request.resume();
      yield full;
    }
    if (ended?.failure !== undefined) throw ended.failure;
  } finally {
    request.off('data', take).off('end', end).off('error', end).off('close', cut);
    // Without a listener it would flow on into nothing.
    if (!request.complete) request.pause();
  }
}
