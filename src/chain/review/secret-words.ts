import { type Finding, printable } from '../../findings/index.ts';
import type { ImageConfig } from '../../oci/index.ts';
import { found } from './rules.ts';
import { findSecrets } from './secret-patterns.ts';

const secretName =
  /(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY|SECRET_KEY|SIGNING_KEY|ENCRYPTION_KEY|CREDENTIALS?)$/i;
const assignment = /(?<![\w-])([A-Za-z_]\w{0,99})=("[^"]*"|'[^']*'|[^\s"']+)/g;
const urlWithPassword = /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@$"']{1,200}:[^\s@/$"']{3,200}@/i;

/**
 * Secrets in what the configuration says: the environment, labels, commands, build history. A
 * finding names the variable or the step, never the value.
 */
export function secretsInConfig(config: ImageConfig, platforms: readonly string[]): Finding[] {
  return [
    ...config.env.flatMap((variable) => secretInVariable(variable, platforms)),
    ...texts(config).flatMap(([place, text]) => secretInText(place, text, platforms)),
    ...config.history.flatMap((step, at) =>
      secretsInStep(`${step.createdBy}\n${step.comment}`, at + 1, platforms),
    ),
  ];
}

function secretInVariable(variable: string, platforms: readonly string[]): Finding[] {
  const equals = variable.indexOf('=');
  const name = printable(equals < 0 ? variable : variable.slice(0, equals), 100);
  const value = equals < 0 ? '' : variable.slice(equals + 1);
  const kind = kindOfText(value) ?? (isSecretAssignment(name, value) ? 'value' : undefined);
  if (kind === undefined) return [];
  const detail = `the variable ${name} holds what looks like a ${kind === 'value' ? 'secret' : kind}`;
  return [found('SECRET_IN_ENV', { subject: `env ${name}`, detail, platforms })];
}

function secretInText(place: string, text: string, platforms: readonly string[]): Finding[] {
  const kind = kindOfText(text);
  if (kind === undefined) return [];
  const detail = `${place} holds what looks like a ${kind}`;
  return [found('SECRET_IN_ENV', { subject: place, detail, platforms })];
}

function secretsInStep(text: string, step: number, platforms: readonly string[]): Finding[] {
  const named = [...text.matchAll(assignment)]
    .filter(([, name = '', value = '']) =>
      isSecretAssignment(name, value.replace(/^["']|["']$/g, '')),
    )
    .map(([, name = '']) => `the value of ${name}`);
  const kind = kindOfText(text);
  const kinds = kind === undefined ? [] : [`what looks like a ${kind}`];
  return [...new Set([...named, ...kinds])].map((what) =>
    found('SECRET_IN_HISTORY', {
      subject: `history ${step} ${what}`,
      detail: `step ${step} of the build history shows ${what}`,
      platforms,
    }),
  );
}

function texts(config: ImageConfig): [place: string, text: string][] {
  return [
    ...[...config.labels].map(([name, text]): [string, string] => [
      `the label ${printable(name, 100)}`,
      text,
    ]),
    ['the entrypoint', config.entrypoint.join(' ')],
    ['the command', config.cmd.join(' ')],
    ['the health check', (config.healthcheck ?? []).join(' ')],
  ];
}

function kindOfText(text: string): string | undefined {
  const bounded = text.slice(0, 64 * 1024);
  const kind = findSecrets(bounded)[0]?.kind;
  return kind ?? (urlWithPassword.test(bounded) ? 'password in a URL' : undefined);
}

/** A name that says so, with a value that is one: no reference, no path, no number of seconds. */
function isSecretAssignment(name: string, value: string): boolean {
  if (!secretName.test(name)) return false;
  const isReference = /^\$|^\/(run|etc|var|usr|home|root|opt|app|tmp|secrets|mnt)\//.test(value);
  const isPlain = /^(\d{1,6}|true|false|yes|no|none|null|\**|x+|<.*>)$/i.test(value);
  return value.length >= 4 && !isReference && !isPlain;
}
