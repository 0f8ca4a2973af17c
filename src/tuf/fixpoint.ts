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
  const text = fromUtf8(file.bytes);
  const written = rewrite(text, file.signed.type, parseJson(file.bytes) as Members);
  if (written === text) return file;
  let at = 0;
  while (written[at] === text[at]) at++;
  throw tufError('TUF_NOT_FIXPOINT', { role: file.role, at });
}

type Members = { readonly [name: string]: Json };
type WriteValue = (value: Json | undefined) => void;

/**
 * What Go writes after it read a file. The values were checked by `parseMetadata`; the casts tell
 * the type checker what is known already.
 *
 * @param received  the file as text. A `custom` value is copied from it, at the place that has been
 *                  reached: if what was written so far differs, the whole differs anyway
 */
function rewrite(received: string, type: Signed['type'], envelope: Members): string {
  let out = '';
  const raw = (text: string) => {
    out += text;
  };
  const scalar: WriteValue = (value) =>
    raw(typeof value === 'string' ? quote(value) : String(value));

  raw('{"signed":');
  signed(envelope.signed as Members);
  raw(',"signatures":');
  list(envelope.signatures, (value) => {
    const { keyid, method, sig } = value as Record<string, string>;
    record([
      ['keyid', keyid, scalar],
      ['method', method?.toLowerCase(), scalar],
      ['sig', sig, scalar],
    ]);
  });
  raw('}');
  return out;

  function signed({ _type, expires, version, ...rest }: Members): void {
    const time = goTime(expires as string);
    const consistent = rest.consistent_snapshot === true;
    if (type === 'Root') {
      record([
        ['_type', _type, scalar],
        ['consistent_snapshot', consistent, scalar],
        ['expires', time, scalar],
        ['keys', rest.keys, map(key)],
        ['roles', rest.roles, map(role)],
        ['version', version, scalar],
      ]);
    } else if (type === 'Targets') {
      record([
        ['_type', _type, scalar],
        ['delegations', rest.delegations, delegations],
        ['expires', time, scalar],
        ['targets', rest.targets, map(fileMeta)],
        ['version', version, scalar],
      ]);
    } else {
      record([
        ['_type', _type, scalar],
        ['expires', time, scalar],
        ['meta', rest.meta, map(fileMeta)],
        ['version', version, scalar],
      ]);
    }
  }

  function delegations(value: Json | undefined): void {
    const { keys, roles } = (value ?? {}) as Members;
    record([
      ['keys', keys, map(key)],
      ['roles', roles, (each) => list(each, role)],
    ]);
  }

  function key(value: Json | undefined): void {
    const { keytype, keyval } = value as Members;
    const { public: content } = keyval as Members;
    record([
      ['keytype', keytype, scalar],
      [
        'keyval',
        content,
        () =>
          record([
            ['private', null, scalar],
            ['public', content, scalar],
          ]),
      ],
    ]);
  }

  /** Of a root: `keyids` and `threshold`. Of a delegation also `name`, and `paths` if there are any. */
  function role(value: Json | undefined): void {
    const { keyids, name, paths, threshold } = value as Members;
    const hasPaths = Array.isArray(paths) && paths.length > 0;
    record([
      ['keyids', keyids, (ids) => list(ids, scalar)],
      ...optionalMember('name', name, scalar),
      ...(hasPaths ? optionalMember('paths', paths, (each) => list(each, scalar)) : []),
      ['threshold', threshold, scalar],
    ]);
  }

  function fileMeta(value: Json | undefined): void {
    const { custom, hashes, length } = value as Members;
    record([
      ...(custom === null ? [] : optionalMember('custom', custom, copyReceived)),
      ['hashes', hashes, map(scalar)],
      ['length', length, scalar],
    ]);
  }

  function copyReceived(): void {
    raw(escapeHtml(received.slice(out.length, compactValueEnd(received, out.length))));
  }

  function record(members: readonly Member[]): void {
    members.forEach(([name, value, write], index) => {
      raw(`${index === 0 ? '{' : ','}"${name}":`);
      write(value);
    });
    raw('}');
  }

  function map(write: WriteValue): WriteValue {
    return (value) => {
      if (value === null || value === undefined) return raw('null');
      raw('{');
      Object.entries(value)
        .sort(([a], [b]) => byUtf8(a, b))
        .forEach(([name, member], index) => {
          raw(`${index === 0 ? '' : ','}${quote(name)}:`);
          write(member);
        });
      raw('}');
    };
  }

  function list(value: Json | undefined, write: WriteValue): void {
    if (!Array.isArray(value)) {
      raw('null');
      return;
    }
    raw('[');
    value.forEach((member, index) => {
      if (index > 0) raw(',');
      write(member);
    });
    raw(']');
  }
}

type Member = readonly [name: string, value: Json | undefined, write: WriteValue];

function optionalMember(name: string, value: Json | undefined, write: WriteValue): Member[] {
  return value === undefined ? [] : [[name, value, write]];
}

function quote(text: string): string {
  return escapeHtml(`"${text.replace(/[\\"]/g, '\\$&')}"`);
}

/** Where the JSON value that starts here ends, if it has no white space outside strings; else here. */
function compactValueEnd(json: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let at = start; at < json.length; at++) {
    const char = json[at] as string;
    if (inString) {
      if (char === '\\') at++;
      else if (char === '"') inString = false;
      continue;
    }
    if (/\s/.test(char)) return start;
    if (char === '"') inString = true;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']' || char === ',') {
      if (depth === 0) return at;
      if (char !== ',') depth--;
    }
  }
  return start;
}
