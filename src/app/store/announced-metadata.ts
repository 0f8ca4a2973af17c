import { type Database, sqliteOf } from '../../adapters/sql/database.ts';
import { Grouped } from '../../adapters/sql/grouped.ts';
import { SqlMetadataStore } from '../../adapters/sql/trust/metadata-store.ts';
import { publishSteps } from '../../adapters/sql/trust/publish-files.ts';

/**
 * The trust server's store, with a word to the chain after each accepted update, so that it looks
 * at once; of repositories that are not staged it hears when it looks next. The word may be lost: what is to be done stands in the changefeed.
 */
export class AnnouncedMetadata extends SqlMetadataStore {
  /** On PostgreSQL others write beside us, and the server itself lets commits share a wait. */
  readonly #grouped: Grouped | undefined;
  readonly #announce: () => void;

  constructor(db: Database, announce: () => void) {
    super(db);
    const sqlite = sqliteOf(db);
    this.#grouped = sqlite && new Grouped(db, sqlite);
    this.#announce = announce;
  }

  override async publish(...update: Parameters<SqlMetadataStore['publish']>): Promise<void> {
    if (this.#grouped) await this.#grouped.run(() => publishSteps(...update));
    else await super.publish(...update);
    const [gun] = update;
    if (gun.includes('/staging/')) this.#announce();
  }
}
