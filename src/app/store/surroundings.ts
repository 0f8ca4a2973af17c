import type { Logger } from 'pino';
import type { Clock, Secret } from '../../base/index.ts';
import type { DataFolder } from '../state/data-folder.ts';

/** What a store is started with. */
export interface Surroundings {
  readonly folder: DataFolder;
  readonly adminPassword: Secret | undefined;
  readonly log: Logger;
  readonly clock: Clock;
}
