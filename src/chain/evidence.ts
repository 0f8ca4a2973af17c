import {
  arrayOf,
  booleanOf,
  countOf,
  entriesOf,
  type Json,
  parseDigest,
  parseJson,
  stringOf,
  utf8,
} from '../base/index.ts';
import { type Severity, severities } from '../findings/index.ts';
import { parseTag } from '../oci/index.ts';
import { parseGun, parseRoleName } from '../tuf/index.ts';
import type { ImageContent, Part, SealedFile, Subject } from './candidate.ts';
import { chainError } from './errors.ts';
import type { JudgedFinding } from './finding.ts';
import type { Step } from './history.ts';
import { parseStagingRepository } from './zones.ts';

/**
 * Evidence is the JSON that a step leaves of what it saw and made. It is stored once, by the digest
 * of its bytes, which stands in the history. Whatever a later link needs to know of an earlier one
 * is read from here, never from a column of the database.
 */
export type EvidenceContent = { readonly [name: string]: Json };

/** What a reader of evidence gets: the members, without the step's name. */
export type EvidenceMembers = ReadonlyMap<string, Json>;

export function serializeEvidence(step: Step, content: EvidenceContent): Uint8Array {
  return utf8(JSON.stringify({ step, ...content }));
}

/** @throws StoreError JSON_INVALID, JSON_TOO_DEEP, JSON_SHAPE; CHAIN_EVIDENCE_SHAPE for another step's */
export function parseEvidence(bytes: Uint8Array, step: Step): EvidenceMembers {
  const members = entriesOf(parseJson(bytes), 'evidence');
  const found = stringOf(members.get('step'), 'step');
  if (found !== step) throw shape(step, `it is of the step ${found}`);
  return members;
}

export function subjectJson(subject: Subject): Json {
  return { ...subject, admittedAt: subject.admittedAt.getTime() };
}

export function readSubject(evidence: EvidenceMembers): Subject {
  const members = entriesOf(evidence.get('candidate'), 'candidate');
  const text = (name: string) => stringOf(members.get(name), `candidate.${name}`);
  const count = (name: string) => countOf(members.get(name), `candidate.${name}`);
  const signedBy = parseRoleName(text('signedBy'));
  if (signedBy === 'root' || signedBy === 'snapshot' || signedBy === 'timestamp') {
    throw shape('admit', `${signedBy} signs no targets`);
  }
  return {
    id: text('id'),
    gun: parseGun(text('gun')),
    repository: parseStagingRepository(text('repository')),
    tag: parseTag(text('tag')),
    digest: parseDigest(text('digest')),
    sizeBytes: count('sizeBytes'),
    signedBy,
    admittedAt: new Date(count('admittedAt')),
  };
}

export function imageJson(image: ImageContent): Json {
  const part = ({ digest, mediaType, sizeBytes }: Part) => ({ digest, mediaType, sizeBytes });
  return { manifests: image.manifests.map(part), blobs: image.blobs.map(part) };
}

export function readImage(evidence: EvidenceMembers): ImageContent {
  const members = entriesOf(evidence.get('image'), 'image');
  const parts = (name: string) =>
    arrayOf(members.get(name), `image.${name}`).map((part) => readPart(part, `image.${name}`));
  return { manifests: parts('manifests'), blobs: parts('blobs') };
}

function readPart(value: Json, path: string): Part {
  const members = entriesOf(value, path);
  return {
    digest: parseDigest(stringOf(members.get('digest'), path)),
    mediaType: stringOf(members.get('mediaType'), path),
    sizeBytes: countOf(members.get('sizeBytes'), path),
  };
}

export function findingJson(finding: JudgedFinding): Json {
  const { id, rule, severity, title, detail, remedy, subject, blocks, needsReason } = finding;
  const aliases = [...finding.aliases];
  const platforms = [...finding.platforms];
  const words = { title, detail, remedy, subject, aliases, platforms };
  return { id, rule, severity, ...words, blocks, needsReason };
}

export function readFindings(evidence: EvidenceMembers): readonly JudgedFinding[] {
  return arrayOf(evidence.get('findings'), 'findings').map((value) => {
    const members = entriesOf(value, 'findings');
    const text = (name: string) => stringOf(members.get(name), `findings.${name}`);
    const texts = (name: string) =>
      arrayOf(members.get(name), `findings.${name}`).map((one) => stringOf(one, name));
    return {
      id: text('id'),
      rule: text('rule'),
      severity: readSeverity(text('severity')),
      title: text('title'),
      detail: text('detail'),
      remedy: text('remedy'),
      subject: text('subject'),
      aliases: texts('aliases'),
      platforms: texts('platforms'),
      blocks: booleanOf(members.get('blocks'), 'findings.blocks'),
      needsReason: booleanOf(members.get('needsReason'), 'findings.needsReason'),
    };
  });
}

function readSeverity(text: string): Severity {
  const severity = severities.find((known) => known === text);
  if (severity === undefined) throw shape('review', `there is no severity ${text}`);
  return severity;
}

export function sealedJson(files: readonly SealedFile[]): Json {
  return files.map(({ gun, role, version, sha256, sizeBytes }) => ({
    gun,
    role,
    version,
    sha256,
    sizeBytes,
  }));
}

export function readSealed(evidence: EvidenceMembers): readonly SealedFile[] {
  return arrayOf(evidence.get('files'), 'files').map((value) => {
    const members = entriesOf(value, 'files');
    return {
      gun: parseGun(stringOf(members.get('gun'), 'files.gun')),
      role: parseRoleName(stringOf(members.get('role'), 'files.role')),
      version: countOf(members.get('version'), 'files.version'),
      sha256: stringOf(members.get('sha256'), 'files.sha256'),
      sizeBytes: countOf(members.get('sizeBytes'), 'files.sizeBytes'),
    };
  });
}

function shape(step: Step, reason: string) {
  return chainError('CHAIN_EVIDENCE_SHAPE', { step, reason });
}
