import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { callerOf } from './caller.ts';
import type { StoreApiOptions } from './options.ts';
import { UserJson } from './schemas.ts';
import { userJson } from './user-json.ts';

/** `GET /users`: all of them, by name. */
export function listUsers(api: FastifyInstance, { auth, users }: StoreApiOptions): void {
  const schema = { response: { 200: Type.Array(UserJson) } };
  api.get('/users', { schema }, async (request) => {
    auth.require(callerOf(request), 'user.list', 'list the users');
    return (await users.list()).map(userJson);
  });
}
