import { type Logger, pino } from 'pino';

/**
 * The process's log: JSON lines on standard error, so that standard output stays what a person or
 * a program asked for. Nothing that could be a secret is ever a field; requests are logged without
 * headers and without query.
 */
export function openLog(level = 'info'): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
}
