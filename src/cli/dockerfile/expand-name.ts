import { unenforceable } from './unenforceable.ts';

/** A variable's value; undefined when it is not set. */
export type Variables = (name: string) => string | undefined;

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
      const value = variables(bare ?? braced);
      const isSet = value !== undefined && !(operator?.startsWith(':') && value === '');
      if (operator?.endsWith('+')) return isSet ? word : '';
      if (isSet) return value;
      if (operator?.endsWith('-')) return word;
      const variable = bare ?? braced;
      throw unenforceable(
        `${where}: ${name} depends on ${variable}, whose value is not known before the build; give it, for example with --build-arg ${variable}=VALUE`,
      );
    },
  );
  if (/^[A-Za-z0-9._/:@[\]-]+$/.test(expanded)) return expanded;
  throw unenforceable(
    `${where}: ${name} is written so that its image cannot be told; write it plainly`,
  );
}
