import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KyselyPlugin, PluginTransformQueryArgs, PluginTransformResultArgs } from 'kysely';

/** How long statements may follow each other before others get their turn. */
const stretchMs = 10;

/**
 * SQLite answers on this thread and at once, so to `await` it lets nobody else in: a loop over ten
 * thousand rows would keep every request waiting for its end. After a stretch of work this makes
 * the next result wait for a turn of the event loop. A transaction stays a transaction meanwhile,
 * because nobody else gets its connection.
 */
export class Breathing implements KyselyPlugin {
  #since = performance.now();

  transformQuery({ node }: PluginTransformQueryArgs) {
    return node;
  }

  async transformResult({ result }: PluginTransformResultArgs) {
    if (performance.now() - this.#since > stretchMs) {
      await nextTurn();
      this.#since = performance.now();
    }
    return result;
  }
}
