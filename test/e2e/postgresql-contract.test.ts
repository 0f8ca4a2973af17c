import { after, before } from 'node:test';
import { sqlContracts } from '../contract/sql-contracts.ts';
import { PostgresServer } from '../support/postgres-server.ts';

let server: PostgresServer;
before(async () => {
  server = await PostgresServer.start();
});
after(() => server[Symbol.asyncDispose]());

sqlContracts('PostgreSQL', () => server.open());
