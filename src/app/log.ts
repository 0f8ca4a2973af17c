import { type Logger, pino } from 'pino';

/**
 * The process's log: JSON lines on standard error, so that standard output stays what a person or
 * a program asked for. Nothing that could be a secret is ever a field; requests are logged without
 * headers and without query. Where nothing can be written, on a full disk, a store runs on: the first lines
 * that did not fit are kept until they do, the others are lost.
 */
export function openLog(level = 'info'): Logger {
  const destination = pino.destination({ dest: 2, maxLength: keptBytes });
  destination.on('error', () => {
    // Called when the process ends; it would try for ever.
    destination.flushSync = () => {};
  });
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

const keptBytes = 1024 * 1024;
