import { byUtf8, fromUtf8, type Json, parseJson } from '../base/index.ts';
import { escapeHtml } from './envelope.ts';
import { tufError } from './errors.ts';
import type { MetadataFile, Signed } from './metadata.ts';
import { goTime } from './time.ts';

/**
 * Refuses a file that Go would write differently after reading it. A Go server that signs the
 * snapshot lists the hash of *its own* writing of an upload and then stores the upload: if the two
 * differ, nobody can read the repository again. So what is not a fixpoint is not taken in.
 *
 * The rules: only members that Notary knows, in canonical order; no white space; `<`, `>`, `&`,
 * U+2028 and U+2029 escaped, nothing else but `"` and `\`; times without trailing zeros; methods in
 * lower case; `null` only where Go has an empty list or map. A target's `custom` may be any JSON
 * without white space.
 *
 * @returns the file
 * @throws StoreError TUF_NOT_FIXPOINT
 * @see notary 0.7.0 server/handlers/validation.go, tuf/data (struct tags); docker/go canonical/json
 */
export function requireFixpoint<F extends MetadataFile>(file: F): F {
  const envelope = parseJson(file.bytes) as Members;
  const reader = new Matcher(fromUtf8(file.bytes));
  writeEnvelope(reader, envelope, file.signed.type);
  const at = reader.firstDifference();
  if (at !== undefined) throw tufError('TUF_NOT_FIXPOINT', { role: file.role, at });
  return file;
}

type Members = { readonly [name: string]: Json };
type WriteValue = (to: Matcher, value: Json | undefined) => void;
type Member = readonly [name: string, value: Json | undefined, write: WriteValue];

/**
 * Compares what Go would write, piece by piece, with what was received. After the first difference
 * it only counts it, so that no crafted file makes it search twice.
 */
class Matcher {
  readonly #received: string;
  #at = 0;
  #difference: number | undefined;

  constructor(received: string) {
    this.#received = received;
  }

  write(text: string): void {
    if (this.#difference !== undefined) return;
    if (this.#received.startsWith(text, this.#at)) this.#at += text.length;
    else this.#difference = this.#at + commonLength(text, this.#received, this.#at);
  }

  /** A `custom` value, which Go copies: any JSON that is compact and escaped already. */
  passCustom(): void {
    if (this.#difference !== undefined) return;
    const end = compactValueEnd(this.#received, this.#at);
    if (end === undefined) this.#difference = this.#at;
    else this.#at = end;
  }

  firstDifference(): number | undefined {
    return this.#difference ?? (this.#at === this.#received.length ? undefined : this.#at);
  }
}

/*
 * Below: the members of Go's structs in canonical order. The values were checked by
 * `parseMetadata`; the casts tell the type checker what is known already.
 */

function writeEnvelope(to: Matcher, { signed, signatures }: Members, type: Signed['type']): void {
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
    ['keys', keys, writeMap(writeKey)],
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
  const known: Member[] = [
    ['hashes', hashes, writeMap(writeScalar)],
    ['length', length, writeScalar],
  ];
  const hasCustom = custom !== undefined && custom !== null;
  writeRecord(to, hasCustom ? [['custom', custom, () => to.passCustom()], ...known] : known);
}

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
    const members = Object.entries(value).sort(([a], [b]) => byUtf8(a, b));
    to.write('{');
    for (const [index, [name, member]] of members.entries()) {
      to.write(`${index === 0 ? '' : ','}${quote(name)}:`);
      write(to, member);
    }
    to.write('}');
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

function quote(text: string): string {
  return escapeHtml(`"${text.replace(/[\\"]/g, '\\$&')}"`);
}

function commonLength(text: string, received: string, from: number): number {
  let length = 0;
  while (length < text.length && text[length] === received[from + length]) length++;
  return length;
}

/** Where the JSON value that starts here ends; undefined when Go would copy it differently. */
function compactValueEnd(json: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = start; at < json.length; at++) {
    const char = json[at] as string;
    if (unsafe.test(char)) return undefined;
    if (inString) {
      if (char === '\\') at++;
      else if (char === '"') inString = false;
    } else if (/\s/.test(char)) {
      return undefined;
    } else if (char === '"') {
      inString = true;
    } else if (char === '{' || char === '[') {
      depth++;
    } else if (char === '}' || char === ']' || char === ',') {
      if (depth === 0) return at;
      if (char !== ',') depth--;
    }
  }
  return undefined;
}

const unsafe = /[<>&\u2028\u2029]/;
