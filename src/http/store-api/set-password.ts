import type { FastifyInstance } from 'fastify';
import { Secret } from '../../base/index.ts';
import { authError } from '../auth/index.ts';
import { callerOf } from './caller.ts';
import type { StoreApiOptions } from './options.ts';
import { PasswordJson } from './schemas.ts';

/**
 * `PUT /users/NAME/password`: one's own, or as an admin anybody's. Ends all saved logins. Whoever
 * found a saved login must not make it theirs for good, so it takes the password itself.
 */
export function setPassword(api: FastifyInstance, { auth, users }: StoreApiOptions): void {
  const path = '/users/:name/password';
  api.put<{ Params: { name: string }; Body: PasswordJson }>(
    path,
    { schema: { body: PasswordJson } },
    async (request, reply) => {
      const caller = callerOf(request);
      const { name } = request.params;
      const action = name === caller.name ? 'user.password.own' : 'user.password';
      auth.require(caller, action, "change another user's password");
      if (!caller.hasShownPassword) {
        throw authError('AUTH_PASSWORD_NEEDED', { what: 'change a password' });
      }
      await users.setPassword(name, new Secret(request.body.password));
      return reply.code(204).send();
    },
  );
}
