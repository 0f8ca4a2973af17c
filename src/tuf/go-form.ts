import { type Json, sortedNames } from '../base/index.ts';
import { escapeHtml } from './envelope.ts';
import type { Matcher } from './matcher.ts';
import type { Signed } from './metadata.ts';
import { goTime } from './time.ts';

export type Members = { readonly [name: string]: Json };
type WriteValue = (to: Matcher, value: Json | undefined) => void;
type Member = readonly [name: string, value: Json | undefined, write: WriteValue];

/**
 * Writes what Go writes of a file that it has read: the members of its structs in canonical order.
 * @param envelope  of a file that `parseMetadata` accepted; the casts below say no more than that
 * @see notary 0.7.0 tuf/data/types.go and its neighbours
 */
export function writeEnvelope(
  to: Matcher,
  { signed, signatures }: Members,
  type: Signed['type'],
): void {
  to.write('{"signed":');
  writeRecord(to, signedMembers(signed as Members, type));
  to.write(',"signatures":');
  writeList(writeSignature)(to, signatures);
  to.write('}');
}

function signedMembers(signed: Members, type: Signed['type']): Member[] {
  const { _type, expires, version } = signed;
  const time = goTime(expires as string);
  const ends: Member = ['expires', time, writeScalar];
  const first: Member = ['_type', _type, writeScalar];
  const last: Member = ['version', version, writeScalar];
  if (type === 'Root') {
    const { consistent_snapshot, keys, roles } = signed;
    return [
      first,
      ['consistent_snapshot', consistent_snapshot === true, writeScalar],
      ends,
      ['keys', keys, writeMap(writeKey)],
      ['roles', roles, writeMap(writeRole)],
      last,
    ];
  }
  if (type === 'Targets') {
    const { delegations, targets } = signed;
    return [
      first,
      ['delegations', delegations, writeDelegations],
      ends,
      ['targets', targets, writeMap(writeFileMeta)],
      last,
    ];
  }
  return [first, ends, ['meta', signed.meta, writeMap(writeFileMeta)], last];
}

function writeDelegations(to: Matcher, value: Json | undefined): void {
  const { keys, roles } = (value ?? {}) as Members;
  writeRecord(to, [
    ['keys', keys ?? {}, writeMap(writeKey)],
    ['roles', roles, writeList(writeDelegation)],
  ]);
}

function writeKey(to: Matcher, value: Json | undefined): void {
  const { keytype, keyval } = value as Members;
  const { public: content } = keyval as Members;
  const pair: Member[] = [
    ['private', null, writeScalar],
    ['public', content, writeScalar],
  ];
  writeRecord(to, [
    ['keytype', keytype, writeScalar],
    ['keyval', null, () => writeRecord(to, pair)],
  ]);
}

function writeRole(to: Matcher, value: Json | undefined): void {
  const { keyids, threshold } = value as Members;
  writeRecord(to, [
    ['keyids', keyids, writeList(writeScalar)],
    ['threshold', threshold, writeScalar],
  ]);
}

function writeDelegation(to: Matcher, value: Json | undefined): void {
  const { keyids, name, paths, threshold } = value as Members;
  const hasPaths = Array.isArray(paths) && paths.length > 0;
  writeRecord(to, [
    ['keyids', keyids, writeList(writeScalar)],
    ['name', name, writeScalar],
    ...(hasPaths ? [['paths', paths, writeList(writeScalar)] satisfies Member] : []),
    ['threshold', threshold, writeScalar],
  ]);
}

function writeFileMeta(to: Matcher, value: Json | undefined): void {
  const { custom, hashes, length } = value as Members;
  to.write('{');
  if (custom !== undefined && custom !== null) {
    to.write('"custom":');
    to.passCustom();
    to.write(',');
  }
  to.write('"hashes":');
  writeHashes(to, hashes);
  to.write(`,"length":${String(length)}}`);
}

const writeHashes = writeMap(writeScalar);

function writeSignature(to: Matcher, value: Json | undefined): void {
  const { keyid, method, sig } = value as Members;
  writeRecord(to, [
    ['keyid', keyid, writeScalar],
    ['method', (method as string).toLowerCase(), writeScalar],
    ['sig', sig, writeScalar],
  ]);
}

function writeRecord(to: Matcher, members: readonly Member[]): void {
  for (const [index, [name, value, write]] of members.entries()) {
    to.write(`${index === 0 ? '{' : ','}"${name}":`);
    write(to, value);
  }
  to.write('}');
}

function writeMap(write: WriteValue): WriteValue {
  return (to, value) => {
    if (value === null || value === undefined) {
      to.write('null');
      return;
    }
    const members = value as Members;
    let before = '{';
    for (const name of sortedNames(members)) {
      to.write(`${before}${quote(name)}:`);
      write(to, members[name]);
      before = ',';
    }
    to.write(before === '{' ? '{}' : '}');
  };
}

function writeList(write: WriteValue): WriteValue {
  return (to, value) => {
    if (!Array.isArray(value)) {
      to.write('null');
      return;
    }
    to.write('[');
    for (const [index, member] of value.entries()) {
      if (index > 0) to.write(',');
      write(to, member);
    }
    to.write(']');
  };
}

function writeScalar(to: Matcher, value: Json | undefined): void {
  to.write(typeof value === 'string' ? quote(value) : String(value));
}

const special = /[\\"<>&\u2028\u2029]/;

function quote(text: string): string {
  if (!special.test(text)) return `"${text}"`;
  return escapeHtml(`"${text.replace(/[\\"]/g, '\\$&')}"`);
}
