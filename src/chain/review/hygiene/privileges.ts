import { type Finding, printable } from '../../../findings/index.ts';
import { found } from '../rules.ts';
import type { HygieneSubject } from './subject.ts';

const setuid = 0o4000;
const setgid = 0o2000;

/** Programs with more rights than who starts them, as far as a container sees them. */
export function* privileges({ view, platforms }: HygieneSubject): Iterable<Finding> {
  for (const { path, entry } of view.entries()) {
    if (entry.kind !== 'file') continue;
    const subject = printable(`/${path}`, 5_000);
    const mode = entry.mode.toString(8).padStart(4, '0');
    if ((entry.mode & setuid) !== 0 || (entry.mode & setgid) !== 0) {
      const bit = (entry.mode & setuid) !== 0 ? 'setuid' : 'setgid';
      const detail = `${printable(`/${path}`)} is ${bit} (mode ${mode})`;
      yield found('HYGIENE_SETUID', { subject, detail, platforms });
    }
    if (entry.hasCapabilities) {
      const detail = `${printable(`/${path}`)} carries capabilities`;
      yield found('HYGIENE_CAPABILITY', { subject, detail, platforms });
    }
  }
}

/** Where two programs would unpack two different images. */
export function* pathsThroughLinks({ view, platforms }: HygieneSubject): Iterable<Finding> {
  for (const path of view.throughLinks) {
    const subject = printable(`/${path}`, 5_000);
    const detail = `a layer has ${printable(`/${path}`)} where the layers below have a symbolic link`;
    yield found('HYGIENE_PATH_THROUGH_LINK', { subject, detail, platforms });
  }
}
