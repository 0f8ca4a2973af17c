import { collectBytes } from '../../base/index.ts';
import { parseGun, parseRoleName, type RoleName } from '../../tuf/index.ts';
import { notaryError } from './errors.ts';
import { parseMultipart } from './multipart.ts';
import type { Call } from './routes.ts';

/**
 * Bound on one upload. A targets file grows by about 150 bytes per tag, so this is far beyond what
 * clients can work with; Notary itself has no bound and reads everything into memory.
 */
export const uploadLimitBytes = 16 * 1024 * 1024;

/** An update of a few hundred tags; some dozens of them at a time take no more memory than one large. */
const smallUploadBytes = 64 * 1024;

/**
 * `POST /v2/<gun>/_trust/tuf/`: an update, accepted whole or refused whole. Answers 200 with an
 * empty body, when everything is stored.
 */
export async function postMetadata(call: Call) {
  const isSmall = Number(call.request.headers['content-length'] ?? Number.NaN) <= smallUploadBytes;
  const turns = isSmall ? call.smallUploads : call.uploads;
  await turns.take(call.principal.name ?? '', () => update(call));
  return call.reply.code(200).send();
}

async function update({ trust, request, params, now }: Call): Promise<void> {
  const gun = parseGun(params.get('gun') ?? '');
  const body = await readBody(request.raw, request.headers['content-length']);
  try {
    const parts = new Map<RoleName, Uint8Array>();
    for (const { filename, bytes } of parseMultipart(request.headers['content-type'], body)) {
      // Given twice, the later part counts, as it does for Notary.
      parts.set(parseRoleName(filename.replace(/\.json$/, '')), bytes);
    }
    await trust.accept(gun, parts, now);
  } finally {
    letGo(body);
  }
}

/**
 * Gives a large upload back at once: of what lies outside of its heap the collector lets much pile up. Its
 * bytes are in the database by then, or refused; all views of them are empty after this.
 */
function letGo({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > smallUploadBytes) buffer.transfer(0);
}

/** What is beyond the limit is not kept; the rest of the request is then read and thrown away. */
async function readBody(request: Call['request']['raw'], announced: string | undefined) {
  let body: Uint8Array | undefined;
  const announcedBytes = Number(announced ?? 0);
  if (announcedBytes <= uploadLimitBytes) {
    const stream = request.iterator({ destroyOnReturn: false });
    try {
      body = await collectBytes(stream, uploadLimitBytes, announcedBytes);
    } catch (cause) {
      throw notaryError('NOTARY_MALFORMED_UPLOAD', { reason: 'it was cut off' }, cause);
    }
  }
  if (body) return body;
  request.resume();
  throw notaryError('NOTARY_UPLOAD_TOO_LARGE', { limit: uploadLimitBytes });
}
