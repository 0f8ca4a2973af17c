import { isStoreError, type StoreError } from '../../base/index.ts';
import type { ImageVerification, Link } from '../../client/index.ts';
import { exitCodes } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { instant } from '../table.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { type Diagnosis, diagnose } from './diagnosis.ts';
import { jsonFlag, shown } from './shown.ts';

const dayMs = 86_400_000;
/** What ends sooner is warned of: half a year for people, as notary; servers renew by themselves. */
const warnDays = 182;
const renewedByServer = new Set(['timestamp', 'snapshot']);

const indent = ' '.repeat(20);

/** `docker trust doctor`: verifies an image step by step, and says what to do where it stops. */
export const doctorCommand: TrustCommand = {
  path: 'doctor',
  summary: 'Verify an image step by step, and name what fails and its remedy',
  synopsis: '[OPTIONS] IMAGE',
  takes: { exactly: 1 },
  flags: [{ name: 'deep', kind: 'boolean' }, jsonFlag],
  options: ['      --deep   Also read and hash every layer\n', '      --json   Print JSON\n'].join(
    '',
  ),
  isOurs: true,
  async run(context, [image = ''], flags) {
    const { world, docker, title } = context;
    const folder = `${docker.configFolder}/trust`;
    const steps: Step[] = [await lookAtKeys(context, folder)];
    const found = await docker.verify(image, flags.isOn('deep'));
    const now = world.clock().getTime();
    for (const link of found.links) {
      const patient = { gun: found.gun, link: link.link, subject: link.subject, title, folder };
      const failure = link.reason && { ...link.reason, ...diagnose(link.reason.code, patient) };
      steps.push({ ...step(link), ...(failure && { failure }), warnings: warningsOf(link, now) });
    }
    const isOk = steps.every(({ ok }) => ok);
    if (flags.isOn('json')) shown(world, { ok: isOk, image: found.image, gun: found.gun, steps });
    else world.print(`${steps.map(render).join('')}\n${printable(verdict(found, isOk))}\n`);
    return isOk ? exitCodes.done : exitCodes.no;
  },
};

interface Step {
  readonly step: string;
  readonly subject: string;
  readonly ok: boolean;
  /** What held, and by what. */
  readonly facts: readonly string[];
  readonly failure?: Diagnosis & { readonly code: string; readonly message: string };
  readonly warnings: readonly string[];
}

/** Keys are not needed to verify, but a folder that cannot be read explains much. */
async function lookAtKeys({ docker, title }: TrustContext, folder: string): Promise<Step> {
  const about = { step: 'trust folder', subject: folder };
  try {
    const keys = await docker.keyring.list();
    const open = keys.filter(({ isEncrypted }) => !isEncrypted);
    const facts = [`${keys.length} private keys`];
    const warnings = open.map(
      ({ id }) => `the key ${id} has no passphrase: ${title} key passwd ${id.slice(0, 12)}`,
    );
    return { ...about, ok: true, facts, warnings };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const { code, message } = error as StoreError;
    const patient = { gun: '', link: 'root', subject: folder, title, folder } as const;
    const failure = { code, message, ...diagnose(code, patient) };
    return { ...about, ok: false, facts: [], warnings: [], failure };
  }
}

function step({ link, subject, ok, version, digest, by, against }: Link): Omit<Step, 'warnings'> {
  const facts = [
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(digest === undefined || digest === subject ? [] : [digest]),
    ...by.map(
      ({ role, keyIds }) =>
        `signed as ${role} by ${keyIds.map((id) => id.slice(0, 12)).join(', ')}`,
    ),
    ...(against === '' ? [] : [`against ${against}`]),
  ];
  return { step: link, subject, ok, facts };
}

function warningsOf({ link, until, against }: Link, now: number): string[] {
  const isSoon = until !== undefined && until.getTime() - now < warnDays * dayMs;
  const ends =
    isSoon && !renewedByServer.has(link)
      ? [`it holds until ${instant(until.toISOString())} only`]
      : [];
  const first = against.includes('first seen')
    ? ['nothing vouched for this root but the server: compare its key with the publisher']
    : [];
  return [...ends, ...first];
}

function render({ step: name, subject, ok, facts, failure, warnings }: Step): string {
  const lines = [
    `${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(13)} ${printable(subject)}`,
    ...facts.map((fact) => `${indent}${printable(fact)}`),
    ...warnings.map((warning) => `${indent}warning: ${printable(warning)}`),
    ...(failure
      ? [
          `      ${failure.code}: ${printable(failure.message)}`,
          `      rule: ${printable(failure.rule)}`,
          `      remedy: ${printable(failure.remedy)}`,
        ]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

function verdict(found: ImageVerification, isOk: boolean): string {
  if (!found.ok) return `${found.image} is NOT verified: ${found.reason.code}`;
  return isOk
    ? `${found.image} is ${found.digest}`
    : `${found.image} is ${found.digest}, but the trust folder needs care`;
}
