import type { Finding } from '../../../findings/index.ts';
import { pathsThroughLinks, privileges } from './privileges.ts';
import { baseImage } from './provenance.ts';
import { noHealthcheck, rootUser } from './runtime.ts';
import type { HygieneSubject } from './subject.ts';
import { hiddenBytes, packageCaches, tooLarge } from './weight.ts';

/** Every rule of hygiene that looks at one platform. A new rule is one more row. */
export const hygieneRules: readonly ((subject: HygieneSubject) => Iterable<Finding>)[] = [
  noHealthcheck,
  rootUser,
  privileges,
  pathsThroughLinks,
  packageCaches,
  hiddenBytes,
  tooLarge,
  baseImage,
];
