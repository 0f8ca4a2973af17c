import type { FastifyInstance } from 'fastify';
import { Secret } from '../../base/index.ts';
import { callerOf } from './caller.ts';
import type { StoreApiOptions } from './options.ts';
import { NewUserJson, UserJson } from './schemas.ts';
import { userJson } from './user-json.ts';

/** `POST /users`: adds one. */
export function addUser(api: FastifyInstance, { auth, users }: StoreApiOptions): void {
  const schema = { body: NewUserJson, response: { 201: UserJson } };
  api.post<{ Body: NewUserJson }>('/users', { schema }, async (request, reply) => {
    auth.require(callerOf(request), 'user.add', 'add users');
    const { name, role, namespaces = [], password } = request.body;
    const user = await users.add({ name, role, namespaces, password: new Secret(password) });
    return reply.code(201).send(userJson(user));
  });
}
