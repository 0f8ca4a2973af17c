import { type Finding, printable } from '../../../findings/index.ts';
import { found } from '../rules.ts';
import type { HygieneSubject } from './subject.ts';

const baseName = 'org.opencontainers.image.base.name';
const baseDigest = 'org.opencontainers.image.base.digest';

/**
 * What the image says of its base, in labels or annotations. It may say anything: this is about
 * knowing what to rebuild, not about trust.
 * @see OCI image-spec 1.1, "Annotations", "Pre-Defined Annotation Keys"
 */
export function* baseImage({ config, annotations, platforms }: HygieneSubject): Iterable<Finding> {
  const said = (key: string) => config.labels.get(key) || annotations.get(key) || '';
  const name = said(baseName);
  if (name === '') {
    const detail = `neither labels nor annotations have ${baseName}`;
    yield found('HYGIENE_BASE_UNNAMED', { subject: 'config', detail, platforms });
    return;
  }
  if (/^sha256:[0-9a-f]{64}$/.test(said(baseDigest)) || /@sha256:[0-9a-f]{64}$/.test(name)) return;
  const detail = `the base is ${printable(name)}, without the digest it was built from`;
  yield found('HYGIENE_BASE_UNPINNED', { subject: 'config', detail, platforms });
}
