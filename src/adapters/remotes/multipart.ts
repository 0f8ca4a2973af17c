import { randomBytes } from 'node:crypto';
import { concatBytes, utf8 } from '../../base/index.ts';

export interface MultipartFile {
  /** Becomes the part's file name: a role's, which needs no escaping. */
  readonly filename: string;
  readonly bytes: Uint8Array;
}

export interface Multipart {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/**
 * Files as `multipart/form-data`, written as Go's mime/multipart does, which is what trust servers
 * are used to: every part is called `files`, and its file name says which role it is.
 *
 * @see RFC 7578; notary 0.7.0, storage/httpstore.go NewMultiPartMetaRequest
 */
export function multipartOf(files: readonly MultipartFile[]): Multipart {
  // Sixty random hex digits: no file can hold them but by a chance that never comes.
  const boundary = randomBytes(30).toString('hex');
  const parts = files.flatMap(({ filename, bytes }, i) => [
    utf8(
      `${i === 0 ? '' : '\r\n'}--${boundary}\r\n` +
        `Content-Disposition: form-data; name="files"; filename="${filename}"\r\n` +
        'Content-Type: application/octet-stream\r\n\r\n',
    ),
    bytes,
  ]);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: concatBytes(...parts, utf8(`\r\n--${boundary}--\r\n`)),
  };
}
