import { dayMs, isStoreError, type StoreError } from '../../base/index.ts';
import { dockerRule, type Link, type TrustRule } from '../../client/index.ts';
import { formatImageReference, withDefaultTag } from '../../oci/index.ts';
import type { Gun } from '../../tuf/index.ts';
import { exitCodes } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { instant } from '../table.ts';
import type { TrustCommand, TrustContext } from './command.ts';
import { type Diagnosis, diagnose, type Patient } from './diagnosis.ts';
import { parseImageName } from './image-name.ts';
import { jsonFlag, shown } from './shown.ts';

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
  async run(context, [name = ''], flags) {
    const { world, docker } = context;
    const { gun, ...image } = parseImageName(name);
    const keys = await lookAtKeys(context);
    const policy = await lookAtPolicy(context, gun);
    // Without a policy that can be read, nobody knows what a consumer would do.
    const found = policy.ok ? await docker.verify(name, { deep: flags.isOn('deep') }) : undefined;
    const steps = [keys, policy, ...(found?.links ?? []).map((link) => stepOf(context, gun, link))];
    const isOk = steps.every(({ ok }) => ok);
    const shownName = formatImageReference(withDefaultTag(image));
    if (flags.isOn('json')) shown(world, { ok: isOk, image: shownName, gun, steps });
    else {
      const digest = found?.ok ? found.digest : undefined;
      world.print(
        `${steps.map(render).join('')}\n${printable(verdict(shownName, digest, steps))}\n`,
      );
    }
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
function lookAtKeys({ docker, title }: TrustContext): Promise<Step> {
  const folder = folderOf(docker);
  return examined('trust folder', { gun: '', subject: folder, title, folder }, async () => {
    const keys = await docker.keyring.list();
    const open = keys.filter(({ isEncrypted }) => !isEncrypted);
    const warnings = open.map(
      ({ id }) => `the key ${id} has no passphrase: ${title} key passwd ${id.slice(0, 12)}`,
    );
    return { facts: [`${keys.length} private keys`], warnings };
  });
}

function lookAtPolicy({ docker, title }: TrustContext, gun: Gun): Promise<Step> {
  const patient = { gun, subject: gun, title, folder: folderOf(docker) };
  return examined('trust policy', patient, async () => {
    const rule = await docker.rule(gun);
    return {
      facts: rule === dockerRule ? ["no rule: as docker's own"] : factsOf(rule),
      warnings: [],
    };
  });
}

function factsOf({ pattern, pin, role, minimumSigners, offline }: TrustRule): string[] {
  const roots = { 'first-use': [], kept: ['only a root that was trusted before'] };
  return [
    `the rule ${pattern}`,
    ...(typeof pin === 'string' ? roots[pin] : ['a pinned root']),
    ...(role === undefined ? [] : [`signed by ${role}`]),
    ...(minimumSigners === 0 ? [] : [`at least ${minimumSigners} signers`]),
    ...(offline === 'asked' ? [] : [`offline: ${offline}`]),
  ];
}

/** A step before the first link of the chain. */
async function examined(
  name: string,
  patient: Omit<Patient, 'link'>,
  work: () => Promise<Pick<Step, 'facts' | 'warnings'>>,
): Promise<Step> {
  const about = { step: name, subject: patient.subject };
  try {
    return { ...about, ok: true, ...(await work()) };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const { code, message } = error as StoreError;
    const failure = { code, message, ...diagnose(code, { ...patient, link: 'root' }) };
    return { ...about, ok: false, facts: [], warnings: [], failure };
  }
}

function folderOf({ configFolder }: TrustContext['docker']): string {
  return `${configFolder}/trust`;
}

function stepOf({ world, docker, title }: TrustContext, gun: Gun, found: Link): Step {
  const { link, subject, ok, version, digest, by, against, reason } = found;
  const patient = { gun, link, subject, title, folder: folderOf(docker) };
  const facts = [
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(digest === undefined || digest === subject ? [] : [digest]),
    ...by.map(
      ({ role, keyIds }) =>
        `signed as ${role} by ${keyIds.map((id) => id.slice(0, 12)).join(', ')}`,
    ),
    ...(against === '' ? [] : [`against ${against}`]),
  ];
  const failure = reason && { ...reason, ...diagnose(reason.code, patient) };
  const warnings = warningsOf(found, world.clock().getTime());
  return { step: link, subject, ok, facts, ...(failure && { failure }), warnings };
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

function verdict(image: string, digest: string | undefined, steps: readonly Step[]): string {
  const failed = steps.findLast(({ ok }) => !ok);
  if (digest === undefined) return `${image} is NOT verified: ${failed?.failure?.code}`;
  return failed
    ? `${image} is ${digest}, but the trust folder needs care`
    : `${image} is ${digest}`;
}
