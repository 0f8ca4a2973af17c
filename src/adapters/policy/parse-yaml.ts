import { parseDocument } from 'yaml';
import { policyError } from './errors.ts';
import type { YamlValue } from './yaml-values.ts';

const limitBytes = 1024 * 1024;

/**
 * @param source  YAML 1.2, without aliases; each key once
 * @throws StoreError POLICY_SYNTAX, POLICY_TOO_LARGE
 */
export function parseYaml(source: string): YamlValue {
  if (Buffer.byteLength(source) > limitBytes) throw policyError('POLICY_TOO_LARGE', { limitBytes });
  const document = parseDocument(source, { version: '1.2', uniqueKeys: true, prettyErrors: true });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) throw syntax(problem);
  try {
    return document.toJS({ mapAsMap: true, maxAliasCount: 0 });
  } catch (error) {
    throw syntax(error);
  }
}

function syntax(error: unknown) {
  return policyError('POLICY_SYNTAX', { reason: (error as Error).message.slice(0, 500) }, error);
}
