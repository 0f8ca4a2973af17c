import { type Finding, printable } from '../../../findings/index.ts';
import { found } from '../rules.ts';
import type { HygieneSubject } from './subject.ts';

/** A container that hangs should be noticed. */
export function* noHealthcheck({ config, platforms }: HygieneSubject): Iterable<Finding> {
  const [test] = config.healthcheck ?? ['NONE'];
  if (test !== 'NONE') return;
  const detail = config.healthcheck
    ? 'HEALTHCHECK NONE switches the health check off'
    : 'the configuration has no HEALTHCHECK';
  yield found('HYGIENE_NO_HEALTHCHECK', { subject: 'config', detail, platforms });
}

/** Root in a container is root outside of it as soon as anything goes wrong. */
export function* rootUser({ config, view, platforms }: HygieneSubject): Iterable<Finding> {
  const passwd = view.resolve('etc/passwd')?.entry.extract;
  const ids = passwd?.what === 'users' ? passwd.ids : new Map<string, number>();
  const why = rootBecause(config.user, ids);
  if (why) yield found('HYGIENE_ROOT_USER', { subject: 'config', detail: why, platforms });
}

/** Names go before numbers, as in every container runtime: a user may be called "1000". */
function rootBecause(user: string, ids: ReadonlyMap<string, number>): string | undefined {
  const name = user.split(':', 1)[0] ?? '';
  if (name === '') return 'no USER is set, so the image runs as root';
  const id = ids.get(name);
  if (id === 0) return `USER is ${printable(name, 100)}, whose number in /etc/passwd is 0`;
  if (id !== undefined) return undefined;
  const isRoot = name === 'root' || (/^[+-]?\d+$/.test(name) && Number(name) === 0);
  return isRoot ? `USER is ${printable(name, 100)}` : undefined;
}
