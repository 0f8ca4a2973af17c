import type { Principal } from './access.ts';
import type { User, UserStore } from './ports.ts';

/** Whoever has not signed in. */
export const anonymous: Principal = { name: undefined, role: 'anonymous', namespaces: [] };

/** What a user is when permissions are decided. */
export function principalOf(user: Pick<User, 'name' | 'role' | 'namespaces'>): Principal {
  return { name: user.name, role: user.role, namespaces: user.namespaces };
}

/**
 * Who a token speaks for, with the role and memberships of this moment and not of the moment it
 * was signed: a user who was removed or moved loses what they had at once.
 * @returns undefined when the user is gone
 */
export async function principalNamed(
  subject: string | undefined,
  users: UserStore,
): Promise<Principal | undefined> {
  if (subject === undefined) return anonymous;
  const user = await users.find(subject);
  return user && principalOf(user);
}
