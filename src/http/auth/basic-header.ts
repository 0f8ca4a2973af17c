import { fromBase64, fromUtf8, Secret } from '../../base/index.ts';
import { authError } from './errors.ts';
import { passwordLimitBytes } from './names.ts';

/** What a client sent with HTTP Basic; not yet verified. */
export interface BasicCredentials {
  readonly name: string;
  readonly password: Secret;
}

const textLimit = 2 * passwordLimitBytes;

/**
 * Reads `Basic base64(user:password)`, UTF-8. The name ends at the first colon, the password may
 * hold more of them.
 *
 * @param header  the whole value of the Authorization header
 * @throws StoreError AUTH_HEADER_INVALID: another scheme, not base64, not UTF-8, no colon, an
 *         empty name, control characters, longer than 2 KiB
 * @see RFC 7617 section 2
 */
export function parseBasic(header: string): BasicCredentials {
  const match = /^basic +([^\s]+)$/i.exec(header);
  const encoded = match?.[1];
  if (encoded === undefined || encoded.length > textLimit) throw authError('AUTH_HEADER_INVALID');
  const text = decode(encoded);
  const colon = text.indexOf(':');
  if (colon < 1 || /\p{Cc}/u.test(text)) throw authError('AUTH_HEADER_INVALID');
  return { name: text.slice(0, colon), password: new Secret(text.slice(colon + 1)) };
}

function decode(encoded: string): string {
  const bytes = fromBase64(encoded);
  if (bytes === undefined) throw authError('AUTH_HEADER_INVALID');
  try {
    return fromUtf8(bytes);
  } catch (cause) {
    throw authError('AUTH_HEADER_INVALID', {}, cause);
  }
}
