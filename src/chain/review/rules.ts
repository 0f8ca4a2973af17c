import { type Finding, makeFinding, type Severity } from '../../findings/index.ts';
import type { ReviewCode } from './errors.ts';

/** What a rule is about: the code with which an image is refused for it. */
type RefusalCode = Extract<
  ReviewCode,
  'REVIEW_VULNERABLE' | 'REVIEW_SECRET' | 'REVIEW_HYGIENE' | 'REVIEW_LAYER_UNREADABLE'
>;

interface RuleSpec {
  readonly refusal: RefusalCode;
  /** Unless the finding itself says otherwise. */
  readonly severity: Severity;
  readonly title: string;
  readonly remedy: string;
}

/**
 * Every rule of the review. Codes are permanent: policies name them. The severity decides what the
 * policy makes of a finding, unless the policy names the rule.
 */
export const reviewRules = {
  VULNERABLE_PACKAGE: {
    refusal: 'REVIEW_VULNERABLE',
    severity: 'medium',
    title: 'a package with a known vulnerability',
    remedy: 'update the package, or remove it',
  },

  SECRET_IN_LAYER: {
    refusal: 'REVIEW_SECRET',
    severity: 'critical',
    title: 'a secret in a layer',
    remedy:
      'replace the secret where it is used: whoever pulls the image has it, also when a later layer deletes the file. Build without it (RUN --mount=type=secret)',
  },
  SECRET_IN_TEST_DATA: {
    refusal: 'REVIEW_SECRET',
    severity: 'medium',
    title: 'what looks like a secret, in the test files of a dependency',
    remedy: 'make sure that nobody uses it, and leave test files out of the image',
  },
  SECRET_IN_SYSTEM_PROGRAM: {
    refusal: 'REVIEW_SECRET',
    severity: 'low',
    title: 'what looks like a secret, in a compiled program of the system',
    remedy:
      'nothing, when the file comes from a distribution: libraries hold keys to test themselves',
  },
  SECRET_IN_ENV: {
    refusal: 'REVIEW_SECRET',
    severity: 'critical',
    title: 'a secret in the environment or the labels of the image',
    remedy: 'replace the secret where it is used, and give it to the container when it starts',
  },
  SECRET_IN_HISTORY: {
    refusal: 'REVIEW_SECRET',
    severity: 'critical',
    title: 'a secret in the build history',
    remedy:
      'replace the secret where it is used; build arguments stay in the image, RUN --mount=type=secret does not',
  },

  HYGIENE_LAYER_BOMB: {
    refusal: 'REVIEW_LAYER_UNREADABLE',
    severity: 'critical',
    title: 'a layer that unpacks to far more than it is',
    remedy: 'build the layer without huge empty files, or ask the operator to raise the limits',
  },
  HYGIENE_LAYER_MALFORMED: {
    refusal: 'REVIEW_LAYER_UNREADABLE',
    severity: 'critical',
    title: 'a layer that cannot be read to its end',
    remedy: 'build the layer again with docker, podman or buildkit',
  },
  HYGIENE_LAYER_MISMATCH: {
    refusal: 'REVIEW_LAYER_UNREADABLE',
    severity: 'critical',
    title: 'a layer that is not the one its configuration names',
    remedy: 'build and push the image again; docker would refuse to unpack it',
  },
  HYGIENE_LAYER_TYPE: {
    refusal: 'REVIEW_LAYER_UNREADABLE',
    severity: 'critical',
    title: 'a part that is no layer of an image',
    remedy: 'push a container image; other artifacts cannot be reviewed',
  },
  HYGIENE_LAYER_LIMIT: {
    refusal: 'REVIEW_LAYER_UNREADABLE',
    severity: 'critical',
    title: 'an image with more in it than can be looked at',
    remedy: 'make the image smaller, or ask the operator to raise the limits',
  },
  HYGIENE_CONFIG_MALFORMED: {
    refusal: 'REVIEW_LAYER_UNREADABLE',
    severity: 'critical',
    title: 'a configuration that cannot be read',
    remedy: 'build the image again with a current tool',
  },
  HYGIENE_PATH_THROUGH_LINK: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'medium',
    title: 'files below a symbolic link',
    remedy: 'build on the real paths: programs disagree on where such files end up',
  },

  HYGIENE_ROOT_USER: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'medium',
    title: 'the image runs as root',
    remedy: 'add a USER that is not root to the Dockerfile',
  },
  HYGIENE_NO_HEALTHCHECK: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'low',
    title: 'no health check',
    remedy: 'add a HEALTHCHECK to the Dockerfile, so that a container that hangs is noticed',
  },
  HYGIENE_SETUID: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'low',
    title: 'a program that runs with the rights of its owner or group',
    remedy: 'remove the file, or its bit: chmod a-s',
  },
  HYGIENE_CAPABILITY: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'low',
    title: 'a program with capabilities of the kernel',
    remedy: 'remove the file, or its capabilities: setcap -r',
  },
  HYGIENE_PACKAGE_CACHE: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'low',
    title: 'caches of a package manager',
    remedy: 'delete them in the same RUN that filled them, or use RUN --mount=type=cache',
  },
  HYGIENE_HIDDEN_BYTES: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'low',
    title: 'files that later layers delete or replace',
    remedy: 'do both in one RUN, or copy the result into a new stage',
  },
  HYGIENE_TOO_LARGE: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'medium',
    title: 'a large image',
    remedy: 'leave build tools out (multi-stage builds), or start from a smaller base',
  },
  HYGIENE_BASE_UNNAMED: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'note',
    title: 'the base image is not named',
    remedy: 'set the label org.opencontainers.image.base.name',
  },
  HYGIENE_BASE_UNPINNED: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'low',
    title: 'the base image is named without its digest',
    remedy: 'set the label org.opencontainers.image.base.digest, and build FROM name@digest',
  },
  HYGIENE_TAG_LATEST: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'low',
    title: 'the tag is "latest"',
    remedy: 'sign a tag that says which version this is',
  },

  PACKAGES_UNREADABLE: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'medium',
    title: 'packages that could not be looked up',
    remedy: 'keep the package database of the base image as the package manager writes it',
  },
  PACKAGES_NOT_FOUND: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'note',
    title: 'no list of packages',
    remedy: 'nothing need be done for a single static program; its vulnerabilities are unknown',
  },
  ADVISORIES_MISSING: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'note',
    title: 'no advisories to compare with',
    remedy: 'the operator gives the store a folder of OSV advisories (--advisories)',
  },
  ADVISORIES_UNREADABLE: {
    refusal: 'REVIEW_HYGIENE',
    severity: 'low',
    title: 'advisories that could not be read',
    remedy: 'the operator mends or removes the files',
  },
} as const satisfies Record<string, RuleSpec>;

export type RuleCode = keyof typeof reviewRules;

/** Rules of the check, whose notes the policy judges with the findings of the review. */
const checkRules = ['CHECK_FIRST_ROOT', 'CHECK_OTHER_ROOT'];

/** Every rule that a policy can name. */
export const ruleCodes: readonly string[] = [...Object.keys(reviewRules), ...checkRules];

/** True for the code of a rule of this table. */
export function isRuleCode(text: string): text is RuleCode {
  return Object.hasOwn(reviewRules, text);
}

/** With which code an image is refused for a finding. Findings of other links count as hygiene. */
export function refusalOf(finding: Finding): RefusalCode {
  return isRuleCode(finding.rule) ? reviewRules[finding.rule].refusal : 'REVIEW_HYGIENE';
}

/** A finding of this rule: what the table says, but for what the case itself says. */
export function found(
  rule: RuleCode,
  of: Pick<Finding, 'subject' | 'detail'> & Partial<Omit<Finding, 'id' | 'rule'>>,
): Finding {
  const { severity, title, remedy } = reviewRules[rule];
  return makeFinding({ rule, severity, title, remedy, ...of });
}
