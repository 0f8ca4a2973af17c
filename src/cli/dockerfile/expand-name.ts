import { unenforceable } from './unenforceable.ts';

/** A variable's value; undefined when it is not set. */
export type Variables = (name: string) => string | undefined;

/**
 * Variables that BuildKit knows in `FROM` without an `ARG`, of what it builds for and on; a `--build-arg` overrules them.
 * @see moby/buildkit v0.32.2, frontend/dockerfile/dockerfile2llb/platform.go defaultArgs
 */
export const platformVariables: readonly string[] = [
  ...['BUILD', 'TARGET'].flatMap((side) =>
    ['PLATFORM', 'OS', 'OSVERSION', 'ARCH', 'VARIANT'].map((what) => `${side}${what}`),
  ),
  'TARGETSTAGE',
];

/**
 * The name of an image with its variables in place: `$A`, `${A}`, `${A:-word}`, `${A:+word}` and the
 * same without the colon.
 *
 * @param where  for messages
 * @throws StoreError CLI_UNENFORCEABLE for other forms, and where nobody can tell a value now
 * @see moby/buildkit v0.25, frontend/dockerfile/shell/lex.go
 */
export function expandName(name: string, variables: Variables, where: string): string {
  const expanded = name.replace(
    /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-+])([^{}$]*))?\})/g,
    (_, bare: string, braced: string, operator?: string, word = '') => {
      const variable = bare ?? braced;
      const value = variables(variable);
      const isSet = value !== undefined && !(operator?.startsWith(':') && value === '');
      // BuildKit gives these a value of its own, whatever stands for the case that there is none.
      const isBuilders = value === undefined && platformVariables.includes(variable);
      if (operator?.endsWith('+') && !isBuilders) return isSet ? word : '';
      if (isSet) return value;
      if (operator?.endsWith('-') && !isBuilders) return word;
      throw unenforceable(
        `${where}: ${name} depends on ${variable}, whose value is not known before the build; declare it with ARG before the first FROM and give it, for example with --build-arg ${variable}=VALUE`,
      );
    },
  );
  if (/^[A-Za-z0-9._/:@[\]-]+$/.test(expanded)) return expanded;
  throw unenforceable(
    `${where}: ${name} is written so that its image cannot be told; write it plainly`,
  );
}
