import type { Secret } from '../../src/base/index.ts';
import type { PasswordHasher, Role, User, UserStore } from '../../src/http/auth/index.ts';

/** The users of a test, in memory. */
export class MemoryUsers implements UserStore {
  readonly #users = new Map<string, User>();

  async find(name: string): Promise<User | undefined> {
    return this.#users.get(name);
  }

  async list(): Promise<readonly User[]> {
    return [...this.#users.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async add(user: User): Promise<boolean> {
    if (this.#users.has(user.name)) return false;
    this.#users.set(user.name, { ...user, namespaces: [...user.namespaces].sort() });
    return true;
  }

  async setPassword(name: string, passwordHash: string): Promise<boolean> {
    const user = this.#users.get(name);
    if (user) this.#users.set(name, { ...user, passwordHash });
    return user !== undefined;
  }

  /** Takes a user away, which no port can yet do. */
  remove(name: string): void {
    this.#users.delete(name);
  }

  /** Adds a user whose password is `<name>-password`. */
  async with(name: string, role: Role, namespaces: readonly string[] = []): Promise<this> {
    const passwordHash = `plain:${name}-password`;
    await this.add({ name, role, passwordHash, namespaces, createdAt: new Date(0) });
    return this;
  }
}

/** Hashes nothing, and counts how often it was asked to compare. */
export class PlainPasswords implements PasswordHasher {
  comparisons = 0;

  async hash(password: Secret): Promise<string> {
    return `plain:${password.reveal()}`;
  }

  async matches(password: Secret, passwordHash: string | undefined): Promise<boolean> {
    this.comparisons++;
    return passwordHash === `plain:${password.reveal()}`;
  }
}
