import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { parseJson } from '../../base/index.ts';
import { addUser } from './add-user.ts';
import { approveCandidate } from './approve-candidate.ts';
import { admitCaller } from './caller.ts';
import { checkSchema } from './check-schema.ts';
import { apiError } from './errors.ts';
import { listCandidates } from './list-candidates.ts';
import { listExpiries } from './list-expiries.ts';
import { listUnsigned } from './list-unsigned.ts';
import { listUsers } from './list-users.ts';
import type { StoreApiOptions } from './options.ts';
import { answerProblem } from './problem.ts';
import { recallCandidate } from './recall-candidate.ts';
import { refuseCandidate } from './refuse-candidate.ts';
import { reopenCandidate } from './reopen-candidate.ts';
import { setPassword } from './set-password.ts';
import { showCandidate } from './show-candidate.ts';
import { showHistory } from './show-history.ts';
import { showMe } from './show-me.ts';
import { verifyHistory } from './verify-history.ts';
import { waitForCandidate } from './wait-for-candidate.ts';

const endpoints = [
  showMe,
  listUsers,
  addUser,
  setPassword,
  listCandidates,
  listUnsigned,
  listExpiries,
  showCandidate,
  waitForCandidate,
  approveCandidate,
  refuseCandidate,
  recallCandidate,
  reopenCandidate,
  showHistory,
  verifyHistory,
];
const bodyLimitBytes = 64 * 1024;

/**
 * The API below `/api/v1`, as a Fastify plugin.
 *
 * Nobody is served without having signed in, and that is decided before a body is read. There are
 * no cookies, and only JSON is read, so another site's page can send nothing that counts; the
 * headers say the rest: keep nothing, guess nothing, show nothing inside a frame.
 */
export function storeApi(options: StoreApiOptions): FastifyPluginAsync {
  return async function storeApiRoutes(app: FastifyInstance): Promise<void> {
    await app.register(
      async (api) => {
        readOnlyJson(api);
        api.setValidatorCompiler(checkSchema);
        // Each endpoint says all members of its answer, by name: there is nothing to leave out.
        api.setSerializerCompiler(() => JSON.stringify);
        api.setErrorHandler(answerProblem);
        api.addHook('onRequest', async (_request, reply) => {
          reply.headers(strictHeaders);
        });
        admitCaller(api, options.auth);
        api.setNotFoundHandler(({ method, url }) => {
          const path = url.slice(0, 100).split('?')[0] ?? '';
          throw apiError('API_PATH_UNKNOWN', { method, path });
        });
        for (const endpoint of endpoints) endpoint(api, options);
      },
      { prefix: '/api/v1' },
    );
  };
}

const strictHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

function readOnlyJson(api: FastifyInstance): void {
  api.removeAllContentTypeParsers();
  const options = { parseAs: 'buffer', bodyLimit: bodyLimitBytes } as const;
  api.addContentTypeParser('application/json', options, async (_request: unknown, body: Buffer) =>
    parseJson(body),
  );
}
