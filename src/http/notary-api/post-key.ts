import type { ServerRole } from '../../trust/index.ts';
import { sendKey } from './get-key.ts';
import { gunOf, roleOf } from './params.ts';
import type { Call } from './routes.ts';

/** `POST (snapshot|timestamp).key`: the pending key that the client puts into its next root. */
export async function postKey(call: Call) {
  return sendKey(
    call,
    await call.trust.rotateKey(gunOf(call), roleOf(call) as ServerRole, call.now),
  );
}
