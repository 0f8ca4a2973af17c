import { describe } from 'node:test';
import { MemoryUsers } from '../support/memory-users.ts';
import { userStoreContract } from './user-store.ts';

describe('users in memory', () => userStoreContract(async () => new MemoryUsers()));
