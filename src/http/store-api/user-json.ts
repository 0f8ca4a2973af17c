import type { User } from '../auth/index.ts';
import type { UserJson } from './schemas.ts';

/** A user without what only the store may know. */
export function userJson({ name, role, namespaces, createdAt }: User): UserJson {
  return { name, role, namespaces: [...namespaces], createdAt: createdAt.toISOString() };
}
