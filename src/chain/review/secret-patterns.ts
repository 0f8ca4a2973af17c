/** One form that secrets have, recognisable wherever it stands. */
interface SecretPattern {
  /** What it is, for people. Part of the finding's id: never changed. */
  readonly kind: string;
  /** Every such secret starts with this, or has it at its start. */
  readonly anchor: string;
  /** The whole of it, from the anchor on. Sticky. */
  readonly form: RegExp;
}

/**
 * The forms, each narrow enough that a program's own texts do not look like it: OpenSSH holds
 * "BEGIN PRIVATE KEY" and is no key. Documentation's well-known examples are no secrets.
 */
const patterns: readonly SecretPattern[] = [
  {
    kind: 'private key',
    anchor: '-----BEGIN ',
    form: /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\r|\\n|\s)+(?:[A-Za-z-]{1,40}: [^\n\\]{0,200}(?:\\r|\\n|\s)+){0,5}(?:[A-Za-z0-9+/=](?:[A-Za-z0-9+/=]|\\r|\\n|\s){99}|(?:[A-Za-z0-9+/=]|\\r|\\n|\s){4,99}?-----END )/y,
  },
  {
    kind: 'PuTTY private key',
    anchor: 'PuTTY-User-Key-File-',
    form: /PuTTY-User-Key-File-[23]: [\w-]{1,40}\r?\nEncryption: [\w-]{1,40}\r?\nComment: /y,
  },
  {
    kind: 'AWS access key',
    anchor: 'AKIA',
    form: /AKIA(?![A-Z0-9]{0,16}EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9/+=])/y,
  },
  {
    kind: 'AWS session key',
    anchor: 'ASIA',
    form: /ASIA(?![A-Z0-9]{0,16}EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9/+=])/y,
  },
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((anchor) => ({
    kind: 'GitHub token',
    anchor,
    form: new RegExp(`${anchor}[A-Za-z0-9]{36}(?![A-Za-z0-9])`, 'y'),
  })),
  {
    kind: 'GitHub token',
    anchor: 'github_pat_',
    form: /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}/y,
  },
  { kind: 'GitLab token', anchor: 'glpat-', form: /glpat-[A-Za-z0-9_-]{20}/y },
  { kind: 'Docker Hub token', anchor: 'dckr_pat_', form: /dckr_pat_[A-Za-z0-9_-]{27}/y },
  { kind: 'npm token', anchor: 'npm_', form: /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])/y },
  {
    kind: 'PyPI token',
    anchor: 'pypi-AgEIcHlwaS5vcmc',
    form: /pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50}/y,
  },
  { kind: 'Slack token', anchor: 'xox', form: /xox[abeoprs]-[0-9]{8,}-[A-Za-z0-9-]{16,}/y },
  { kind: 'Stripe key', anchor: 'sk_live_', form: /sk_live_[A-Za-z0-9]{24}/y },
  { kind: 'Stripe key', anchor: 'rk_live_', form: /rk_live_[A-Za-z0-9]{24}/y },
  { kind: 'SendGrid key', anchor: 'SG.', form: /SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}/y },
  { kind: 'Vault token', anchor: 'hvs.', form: /hvs\.[A-Za-z0-9_-]{90}/y },
  { kind: 'Azure storage key', anchor: 'AccountKey=', form: /AccountKey=[A-Za-z0-9+/]{86}==/y },
  { kind: 'age secret key', anchor: 'AGE-SECRET-KEY-1', form: /AGE-SECRET-KEY-1[0-9A-Z]{58}/y },
];

const anchors = new RegExp(patterns.map(({ anchor }) => escaped(anchor)).join('|'), 'g');

/** No match is longer; a text cut into windows must overlap by this much. */
export const longestSecret = 6 * 1024;

/** Where a secret begins, and what it is. Its value goes nowhere. */
export interface SecretHit {
  readonly kind: string;
  readonly offset: number;
}

/** Every secret in a text, in order. */
export function findSecrets(text: string): SecretHit[] {
  const hits: SecretHit[] = [];
  anchors.lastIndex = 0;
  for (let anchor = anchors.exec(text); anchor; anchor = anchors.exec(text)) {
    const offset = anchor.index;
    const kind = startsWord(text, offset) ? kindAt(text, offset, anchor[0]) : undefined;
    if (kind !== undefined) hits.push({ kind, offset });
  }
  return hits;
}

function kindAt(text: string, offset: number, anchor: string): string | undefined {
  for (const pattern of patterns) {
    if (pattern.anchor !== anchor) continue;
    pattern.form.lastIndex = offset;
    if (pattern.form.test(text)) return pattern.kind;
  }
  return undefined;
}

/** In the middle of a word it is the middle of something else, base64 for one. */
function startsWord(text: string, offset: number): boolean {
  return offset === 0 || !/[A-Za-z0-9+/]/.test(text[offset - 1] ?? '');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&');
}
