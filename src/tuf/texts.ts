import type { Json } from '../base/index.ts';

/** True when any text in a JSON value is so: strings, and the names of members. */
export function someText(json: Json, isSo: (text: string) => boolean): boolean {
  if (typeof json === 'string') return isSo(json);
  if (json === null || typeof json !== 'object') return false;
  return Object.entries(json).some(([name, member]) => isSo(name) || someText(member, isSo));
}
