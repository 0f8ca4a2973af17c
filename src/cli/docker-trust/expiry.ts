import { dayMs } from '../../base/index.ts';
import { brokenDelegations, type Expiry, expiriesOf } from '../../client/index.ts';
import { exitCodes } from '../exit-codes.ts';
import { instant, table } from '../table.ts';
import type { TrustCommand } from './command.ts';
import { parseImageName } from './image-name.ts';
import { jsonFlag, shown } from './shown.ts';
import { refusal } from './texts.ts';

/** `docker trust expiry`: 1 when something that a person must renew ends within the time. */
export const expiryCommand: TrustCommand = {
  path: 'expiry',
  summary: 'Show what expires when, and what to do',
  synopsis: '[OPTIONS] REPOSITORY [REPOSITORY...]',
  takes: { atLeast: 1 },
  flags: [{ name: 'within', kind: 'text' }, jsonFlag],
  options: [
    '      --json            Print JSON\n',
    '      --within string   Only what ends within so many days (30d); exit with 1 when\n',
    '                        a person must renew some of it\n',
  ].join(''),
  isOurs: true,
  async run({ world, docker, title }, names, flags) {
    const text = flags.text('within');
    const days = text === undefined ? undefined : parseDays(text);
    const until = days === undefined ? undefined : world.clock().getTime() + days * dayMs;
    const rows: Row[] = [];
    for (const name of names) {
      const { gun } = parseImageName(name);
      const trust = await docker.open(gun);
      const held = await docker.keyring.list();
      const broken = brokenDelegations(trust);
      rows.push(...broken.map(({ role, code }) => brokenRow(gun, role, code, title)));
      const all = expiriesOf(trust, held);
      const soon = all.filter(
        ({ expiresAt }) => until === undefined || expiresAt.getTime() <= until,
      );
      rows.push(...soon.map((expiry) => rowOf(gun, expiry, title)));
    }
    if (flags.isOn('json')) shown(world, rows);
    else if (rows.length === 0) world.print('Nothing expires within that time.\n');
    else world.print(table(headings, rows.map(cells)));
    const isUrgent = until !== undefined && rows.some(({ by }) => by === 'publisher');
    return isUrgent ? exitCodes.no : exitCodes.done;
  },
};

const headings = ['EXPIRES', 'REPOSITORY', 'WHAT', 'BY', 'TO DO'];

interface Row {
  readonly gun: string;
  readonly kind: Expiry['kind'];
  readonly role: string;
  /** Null for a delegation that does not verify: `code` says why. */
  readonly expiresAt: string | null;
  readonly by: Expiry['by'];
  readonly code: string | null;
  readonly todo: string;
}

function rowOf(gun: string, { kind, role, expiresAt, by }: Expiry, title: string): Row {
  const at = expiresAt.toISOString();
  return {
    gun,
    kind,
    role,
    expiresAt: at,
    by,
    code: null,
    todo: todoOf({ kind, role, by }, gun, title),
  };
}

function brokenRow(gun: string, role: string, code: string, title: string): Row {
  const todo = `${title} witness ${gun} ${role}`;
  return { gun, kind: 'delegation', role, expiresAt: null, by: 'publisher', code, todo };
}

function todoOf(
  { kind, role, by }: Pick<Expiry, 'kind' | 'role' | 'by'>,
  gun: string,
  title: string,
): string {
  if (by === 'server') return 'nothing: the server renews it';
  if (kind === 'root-certificate') return `${title} key rotate ${gun} root`;
  if (kind === 'snapshot') return `${title} witness ${gun} targets`;
  return `${title} witness ${gun} ${role}`;
}

function cells({ gun, kind, role, expiresAt, by, code, todo }: Row): string[] {
  const what = kind === 'root-certificate' ? 'root certificate' : role;
  return [expiresAt === null ? `${code}` : instant(expiresAt), gun, what, by, todo];
}

function parseDays(text: string): number {
  const days = /^([1-9]\d{0,4})d$/.exec(text)?.[1];
  if (days === undefined) throw refusal(`"${text}" is not a number of days; write 30d`);
  return Number(days);
}
