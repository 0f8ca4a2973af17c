import { type Random, Secret } from '../../base/index.ts';
import type { Users } from '../../http/auth/index.ts';

const passwordBytes = 18;

/**
 * Adds the user `admin` to a store that has nobody who could add users.
 * @param chosen  the operator's choice (COUNTERMARK_ADMIN_PASSWORD)
 * @returns       undefined when there is an administrator already; else the password that was made
 *                up, to be shown once, or nothing of it when the operator chose one
 */
export async function addFirstAdministrator(
  users: Users,
  random: Random,
  chosen: Secret | undefined,
): Promise<{ readonly password: string | undefined } | undefined> {
  const known = await users.list();
  if (known.some(({ role }) => role === 'admin')) return undefined;
  const made = Buffer.from(random(passwordBytes)).toString('base64url');
  const password = chosen ?? new Secret(made);
  await users.add({ name: 'admin', role: 'admin', namespaces: [], password });
  return { password: chosen === undefined ? made : undefined };
}
