import { toBase64 } from '../../base/index.ts';
import type { ServerRole } from '../../trust/index.ts';
import type { PublicKey } from '../../tuf/index.ts';
import { gunOf, roleOf } from './params.ts';
import type { Call } from './routes.ts';

/**
 * `GET (snapshot|timestamp).key`: the public key that the root names and the server holds, else
 * the pending one, made now if there is none.
 */
export async function getKey(call: Call) {
  return sendKey(
    call,
    await call.trust.publicKey(gunOf(call), roleOf(call) as ServerRole, call.now),
  );
}

/** A public key in the member order of Notary, which is not the canonical one. */
export function sendKey({ reply }: Call, key: PublicKey) {
  return reply
    .header('cache-control', 'max-age=0, no-cache, no-store')
    .type('application/json')
    .send(
      JSON.stringify({
        keytype: key.keyType,
        keyval: { public: toBase64(key.bytes), private: null },
      }),
    );
}
