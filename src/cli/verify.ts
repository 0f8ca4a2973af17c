import { Command } from 'commander';
import type { ImageVerification, Link, Voucher } from '../client/index.ts';
import { type CommonOptions, trustOf } from './context.ts';
import { exitCodes, type Report } from './exit-codes.ts';
import { collect } from './operator/serve.ts';
import type { CliWorld } from './ports.ts';
import { printable } from './printable.ts';
import { instant } from './table.ts';

interface VerifyOptions extends CommonOptions {
  readonly deep?: boolean;
  readonly rootKey?: readonly string[];
  readonly policy?: string;
}

/** `verify IMAGE`: exit 0 when every link holds, 1 when one does not. */
export function verifyCommand(
  world: Pick<CliWorld, 'print' | 'verifyImage'>,
  report: Report,
): Command {
  return new Command('verify')
    .description('Verify an image, and tell every link')
    .argument('<image>', 'HOST[:PORT]/NAME:TAG, or @DIGEST')
    .option('--deep', 'also read and hash every layer')
    .option('--root-key <id>', 'trust only roots signed by this key; repeatable', collect)
    .option('--policy <file>', "a trust policy; default docker's trust/policy.yaml")
    .action(async (image: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<VerifyOptions>();
      const { deep = false, rootKey: rootKeyIds = [], policy } = options;
      const trust = await trustOf(options.cacert);
      const found = await world.verifyImage({ image, deep, rootKeyIds, policy, ...trust });
      world.print(options.json ? `${JSON.stringify(found, null, 2)}\n` : render(found));
      report(found.ok ? exitCodes.done : exitCodes.no);
    });
}

function render(found: ImageVerification): string {
  const lines = found.links.map(renderLink);
  const end = found.ok
    ? `${found.image} is ${found.digest}\nevery link holds until ${until(found.until)}`
    : `${found.image} is NOT verified\n${found.reason.code}: ${found.reason.message}`;
  return `${lines.join('')}\n${end.split('\n').map(printable).join('\n')}\n`;
}

/** Link, subject and proof; then who signed, against what, and from when to when. */
function renderLink(link: Link): string {
  const { ok, subject, reason } = link;
  const name = link.link.padEnd(10);
  const head = `${ok ? 'ok  ' : 'FAIL'} ${name} ${printable([subject, ...factsOf(link)].join(', '))}`;
  const details = [
    ...(reason ? [`${reason.code}: ${reason.message}`] : []),
    ...link.by.map(signature),
    ...(link.against === '' ? [] : [`against ${link.against}`]),
    ...timesOf(link),
  ];
  return `${[head, ...details.map((text) => `                ${printable(text)}`)].join('\n')}\n`;
}

function factsOf({ subject, version, digest, sizeBytes }: Link): string[] {
  return [
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(digest === undefined || digest === subject ? [] : [digest]),
    ...(sizeBytes === undefined ? [] : [`${sizeBytes} bytes`]),
  ];
}

/** `signed by countermark as targets/countermark (key fedcba987654)` */
function signature({ role, name, keyIds }: Voucher): string {
  const who = name === undefined || name === role ? role : `${name} as ${role}`;
  return `signed by ${who} (key ${keyIds.map((id) => id.slice(0, 12)).join(', ')})`;
}

function timesOf({ since, until: end }: Link): string[] {
  const from = since === undefined ? [] : [`from ${until(since)}`];
  const to = end === undefined ? [] : [`until ${until(end)}`];
  return from.length + to.length === 0 ? [] : [[...from, ...to].join(' ')];
}

function until(at: Date): string {
  return instant(at.toISOString());
}
