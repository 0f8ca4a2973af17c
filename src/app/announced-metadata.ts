import type { Database } from '../adapters/sql/database.ts';
import { SqlMetadataStore } from '../adapters/sql/metadata-store.ts';

/**
 * The trust server's store, with a word to the chain after each accepted update, so that it looks
 * at once. The word may be lost: what is to be done stands in the changefeed.
 */
export class AnnouncedMetadata extends SqlMetadataStore {
  readonly #announce: () => void;

  constructor(db: Database, announce: () => void) {
    super(db);
    this.#announce = announce;
  }

  override async publish(...update: Parameters<SqlMetadataStore['publish']>): Promise<void> {
    await super.publish(...update);
    this.#announce();
  }
}
