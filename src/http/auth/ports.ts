import type { Secret } from '../../base/index.ts';

/** Roles a user can have; whoever has not signed in is `anonymous`, which no user is. */
export const roles = ['consumer', 'producer', 'reviewer', 'admin'] as const;
export type Role = (typeof roles)[number];

/** A user as stored. */
export interface User {
  readonly name: string;
  readonly role: Role;
  /** What {@link PasswordHasher.hash} made. */
  readonly passwordHash: string;
  /** Sorted; the `acme` of `acme/app` and of `staging/acme/app`. */
  readonly namespaces: readonly string[];
  readonly createdAt: Date;
}

/** The users, wherever they are kept. */
export interface UserStore {
  find(name: string): Promise<User | undefined>;
  /** All users, by name. */
  list(): Promise<readonly User[]>;
  /** Adds a user with the memberships, or nothing at all. @returns false when the name is taken */
  add(user: User): Promise<boolean>;
  /** @returns false when there is no such user */
  setPassword(name: string, passwordHash: string): Promise<boolean>;
}

/** Users where they can be read without waiting, as they are in the moment of the call. */
export interface InstantUsers {
  user(name: string): Pick<User, 'name' | 'role' | 'namespaces'> | undefined;
}

/** Slow, salted hashing of passwords; never blocks the event loop. */
export interface PasswordHasher {
  hash(password: Secret): Promise<string>;
  /**
   * @param passwordHash  undefined for a user who does not exist: costs the same, and is false
   */
  matches(password: Secret, passwordHash: string | undefined): Promise<boolean>;
}
