import type { RepositoryPlan } from '../../trust/index.ts';
import { printable } from '../printable.ts';
import { instant, table } from '../table.ts';

/** What an import found and would do, before anything is written. */
export function renderPlans(plans: readonly RepositoryPlan[]): string {
  if (plans.length === 0) return 'nothing to import: the source has no such repository\n';
  const rows = plans.map((plan) => [
    plan.gun,
    plan.state,
    ...(['root', 'targets', 'timestamp'] as const).map((role) => versionOf(plan, role)),
    plan.state === 'refused' ? '-' : plan.keys.timestamp,
    plan.state === 'refused' ? '-' : plan.keys.snapshot,
    certificateEnd(plan),
    firstEnd(plan),
  ]);
  const headings = ['REPOSITORY', 'STATE', 'ROOT', 'TARGETS', 'TIMESTAMP', 'TIMESTAMP KEY'];
  const head = table([...headings, 'SNAPSHOT KEY', 'CERTIFICATE', 'ENDS FIRST'], rows);
  return `${head}${plans.map(details).join('')}`;
}

/** How it went, after the writing. */
export function renderWritten(plans: readonly RepositoryPlan[]): string {
  const count = (test: (plan: RepositoryPlan) => boolean) => plans.filter(test).length;
  const written = plans.reduce((sum, plan) => sum + (plan.written ?? 0), 0);
  const refused = plans.filter(({ state }) => state === 'refused');
  const facts = [
    `${count((plan) => plan.written !== undefined)} imported (${written} files)`,
    `${count(({ state }) => state === 'there')} here already`,
    `${refused.length} refused`,
  ];
  const why = refused.map(({ gun, reason }) => line(`  ${gun}: ${reason?.code ?? ''}`));
  return `${facts.join(', ')}\n${why.join('')}`;
}

function versionOf({ versions }: RepositoryPlan, wanted: string): string {
  return String(versions.find(({ role }) => role === wanted)?.version ?? '-');
}

/** The day on which the last certificate of a root key ends. */
function certificateEnd({ deadlines }: RepositoryPlan): string {
  const last = deadlines.findLast(({ what }) => what === 'root certificate');
  return last?.at.toISOString().slice(0, 10) ?? '-';
}

function firstEnd({ deadlines: [first] }: RepositoryPlan): string {
  if (!first) return '-';
  return `${first.what} ${instant(first.at.toISOString())}${first.isPast ? ' EXPIRED' : ''}`;
}

function details({ gun, reason, notes, todo, deadlines }: RepositoryPlan): string {
  const expired = deadlines.filter(({ isPast }) => isPast);
  const lines = [
    ...(reason ? [`  refused: ${reason.code}: ${reason.message}`] : []),
    ...expired.map(({ what, at }) => `  expired: ${what}, ${instant(at.toISOString())}`),
    ...notes.map((note) => `  note: ${note}`),
    ...todo.flatMap(({ who, what, commands }) => [
      `  ${who}: ${what}`,
      ...commands.map((command) => `    $ ${command}`),
    ]),
  ];
  return lines.length === 0 ? '' : `\n${line(gun)}${lines.map(line).join('')}`;
}

/** Indentation is ours and stays. */
function line(text: string): string {
  const indent = /^ */.exec(text)?.[0] ?? '';
  return `${indent}${printable(text.slice(indent.length))}\n`;
}
