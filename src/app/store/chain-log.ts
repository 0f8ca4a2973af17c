import type { Logger } from 'pino';
import type { ChainEvent } from '../../chain/index.ts';

/** Writes what happens in the chain to the log: one static message per kind, values as fields. */
export function reportTo(log: Logger): (event: ChainEvent) => void {
  return (happened) => {
    const { event, ...fields } = happened;
    switch (event) {
      case 'admitted':
      case 'advanced':
        return log.info(fields, `candidate ${event}`);
      case 'admission-refused':
        return log.warn(fields, 'signed update admitted nothing');
      case 'postponed': {
        const { error, ...rest } = happened;
        return log.error({ ...rest, err: error }, 'step failed and is tried again');
      }
      case 'stumbled':
        return log.error({ ...fields, err: happened.error }, 'chain worker stumbled');
    }
  };
}
