/**
 * Password hashing with argon2id, as node:crypto has it. Knows nothing of users.
 */
export { Argon2idPasswords } from './argon2id.ts';
