import { gunOf } from './params.ts';
import type { Call } from './routes.ts';

/** `DELETE /v2/<gun>/_trust/tuf/`: forgets the GUN; also 200 when there was nothing to forget. */
export async function deleteMetadata(call: Call) {
  await call.trust.deleteAll(gunOf(call), call.now);
  return call.reply.code(200).send();
}
