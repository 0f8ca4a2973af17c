import { type NamePattern, parseNamePattern } from '../../registry/index.ts';
import { text, wrong, type YamlValue } from './yaml-values.ts';

/** @throws StoreError POLICY_VALUE */
export function namePattern(value: YamlValue, path: string): NamePattern {
  const parsed = parseNamePattern(text(value, path));
  if (!parsed) throw wrong(value, path, 'a name in which * stands for anything but a slash');
  return parsed;
}
