import { openDatabase } from '../../src/adapters/sql/database.ts';
import { sqlContracts } from './sql-contracts.ts';

sqlContracts('SQLite', () => openDatabase(':memory:'));
