import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type Digest, isDigest } from '../../base/index.ts';
import {
  isRepositoryName,
  isTag,
  mediaTypes,
  type Reference,
  type RepositoryName,
} from '../../oci/index.ts';
import type { InstantBlobs, InstantIndex, SeenLately } from '../../registry/index.ts';
import type { InstantGate } from '../auth/index.ts';
import { apiVersion } from './answer-error.ts';
import { contentNames, isNamedIn } from './caching.ts';
import { type Descriptions, referrersBody } from './descriptions.ts';
import { TagList } from './tag-list.ts';

/** What answering at once needs. */
export interface InstantRegistryOptions {
  readonly index: InstantIndex;
  readonly blobs: InstantBlobs;
  readonly gate: InstantGate;
  readonly clock: Clock;
  /** Repositories of which readers do not see what lies there. */
  readonly isNarrowed: (repository: RepositoryName) => boolean;
  /** What they see there, where the API has found that out. */
  readonly seen: Pick<SeenLately, 'recall'>;
  /** As of the API. */
  readonly keepEveryMs: number;
  /** As of the API. */
  readonly descriptions: Descriptions;
}

/** Answers, or has done nothing and calls `leave`, with a reason when something failed. */
type Answering = (
  request: IncomingMessage,
  response: ServerResponse,
  leave: (failure?: unknown) => void,
) => void;

interface Answer {
  readonly fields: Readonly<Record<string, string | number>>;
  /** Known to whoever names it in If-None-Match; undefined where that header does not count. */
  readonly digest: Digest | undefined;
  readonly bytes: Uint8Array;
}

/** What a path asks for. */
interface Question {
  readonly repository: RepositoryName;
  readonly methods: readonly string[];
  /** What readers must see for it where they do not see everything; without it the API answers them. */
  readonly reference?: Reference;
  /** Whether making the answer is worth keeping it until somebody writes. */
  readonly isKept?: true;
  /** @param seen  to which digest the reference leads; undefined for whoever sees everything */
  answer(seen?: Digest): Answer | undefined;
}

/** Paths that cannot be asked for at once are not in it: each of them is looked at again. */
const keptQuestions = 4_000;
const pathLimit = 512;
/** Longer bodies are not worth a copy. */
const joinedBytes = 16 * 1024;
/** Of answers that are kept, together. */
const keptBytes = 4 * 1024 * 1024;
/** More referrers than this come in pages, which the API makes; so does a body longer than a page. */
const mostReferrers = 2_000;
const mostReferrersBytes = 512 * 1024;
const common = { [apiVersion[0]]: apiVersion[1], 'x-content-type-options': 'nosniff' };
const nothing = new Uint8Array();

/**
 * Answers the reads that every pull makes before the web framework sees them, as the trust server's
 * `createInstantGet` does for its own: `GET` and `HEAD` of manifests, `HEAD` of blobs, lists of tags, and of
 * referrers that were described before. It answers only what is there, to somebody whose token is
 * known and who may pull. Everything else, every refusal too, it leaves to the API, which would have
 * given the same answer here, header for header.
 *
 * @param otherwise  what is asked when it has done nothing
 */
export function createInstantRegistry(
  options: InstantRegistryOptions,
  otherwise: Answering,
): Answering {
  const { gate } = options;
  const questions = new Map<string, Question>();
  const kept = new Map<string, Answer>();
  let keptLength = 0;
  let epoch: object | undefined;
  return (request, response, leave) => {
    let answer: Answer | undefined;
    try {
      answer = answerTo(request);
    } catch (error) {
      return leave(error);
    }
    if (answer) send(request, response, answer);
    else otherwise(request, response, leave);
  };

  function answerTo({ method = '', url = '', headers }: IncomingMessage): Answer | undefined {
    if (headers['transfer-encoding'] || headers['content-length']) return undefined;
    const question = questions.get(url) ?? remember(url);
    if (!question?.methods.includes(method)) return undefined;
    const token = gate.recall(headers.authorization);
    const { repository, reference } = question;
    if (!token || !gate.admit(token, repository, 'pull')) return undefined;
    // As sightOf decides it: who may write sees all by asking for it.
    if (options.isNarrowed(repository) && !gate.admit(token, repository, 'push')) {
      const seen = reference && options.seen.recall(repository, reference);
      return seen && question.answer(seen);
    }
    return question.isKept ? keptAnswer(url, question) : question.answer();
  }

  function keptAnswer(url: string, question: Question): Answer | undefined {
    const now = options.index.epoch();
    if (epoch !== now) forget();
    epoch = now;
    const known = kept.get(url);
    if (known) return known;
    const answer = question.answer();
    if (!answer) return undefined;
    if (kept.size >= keptQuestions || keptLength + answer.bytes.length > keptBytes) forget();
    kept.set(url, answer);
    keptLength += answer.bytes.length;
    return answer;
  }

  function forget(): void {
    kept.clear();
    keptLength = 0;
  }

  function remember(url: string): Question | undefined {
    const question = questionOf(url, options);
    if (!question) return undefined;
    if (questions.size >= keptQuestions) questions.clear();
    questions.set(url, question);
    return question;
  }
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { fields, digest, bytes } = answer;
  if (digest && isNamedIn(request.headers['if-none-match'], digest)) {
    response.writeHead(304, { ...common, ...contentNames(digest) }).end();
    return;
  }
  response.writeHead(200, fields);
  if (request.method === 'HEAD' || bytes.length === 0) response.end();
  else if (bytes.length > joinedBytes) response.end(bytes);
  // As text, a character per byte: Node then joins it with the head into one write.
  else response.end(latin1(bytes), 'latin1');
}

/** Undefined for everything that is not such a read, written plainly. */
function questionOf(url: string, options: InstantRegistryOptions): Question | undefined {
  if (url.length > pathLimit) return undefined;
  const [, listed = '', query] =
    /^\/v2\/([a-z0-9._/-]+)\/tags\/list(?:\?((?:n=[1-9]\d{0,5}|last=[\w.-]+|&)*))?$/.exec(url) ??
    [];
  if (isRepositoryName(listed)) return tagsQuestion(listed, query ?? '', options);
  const [, repository = '', kind, reference = ''] =
    /^\/v2\/([a-z0-9._/-]+)\/(manifests|blobs|referrers)\/([\w.:+-]+)$/.exec(url) ?? [];
  if (!isRepositoryName(repository)) return undefined;
  if (kind === 'manifests' && (isDigest(reference) || isTag(reference))) {
    return manifestQuestion(repository, reference, options);
  }
  if (!isDigest(reference)) return undefined;
  if (kind === 'blobs') return blobQuestion(repository, reference, options);
  if (kind === 'referrers') return referrersQuestion(repository, reference, options);
  return undefined;
}

function manifestQuestion(
  repository: RepositoryName,
  reference: Reference,
  { index }: InstantRegistryOptions,
): Question {
  return {
    repository,
    reference,
    methods: ['GET', 'HEAD'],
    answer: (seen) => {
      const stored = index.manifest(repository, seen ?? reference);
      if (!stored) return undefined;
      const { digest, mediaType, sizeBytes, bytes } = stored;
      const type = { 'content-type': mediaType, 'content-length': sizeBytes };
      return { fields: { ...common, ...contentNames(digest), ...type }, digest, bytes };
    },
  };
}

function blobQuestion(
  repository: RepositoryName,
  digest: Digest,
  { index, blobs, clock, keepEveryMs }: InstantRegistryOptions,
): Question {
  return {
    repository,
    reference: digest,
    methods: ['HEAD'],
    answer: () => {
      const linked = index.linkedBlob(repository, digest);
      // One that is about to be collected is kept by the API, which writes that down.
      if (!linked || clock().getTime() - linked.linkedAt.getTime() > keepEveryMs) return undefined;
      const { sizeBytes } = linked;
      // A file of another size is damaged: the API says how.
      if (blobs.statNow(digest)?.sizeBytes !== sizeBytes) return undefined;
      const fields = {
        ...common,
        ...contentNames(digest),
        'accept-ranges': 'bytes',
        'content-type': 'application/octet-stream',
        'content-length': sizeBytes,
      };
      return { fields, digest, bytes: nothing };
    },
  };
}

function referrersQuestion(
  repository: RepositoryName,
  subject: Digest,
  { index, descriptions }: InstantRegistryOptions,
): Question {
  return {
    repository,
    methods: ['GET'],
    isKept: true,
    answer: () => {
      const list = index.referrers(repository, subject, mostReferrers);
      const texts = list?.map(({ digest, mediaType }) => descriptions.known(digest, mediaType));
      if (!texts?.every((text) => text !== undefined)) return undefined;
      const bytes = referrersBody(texts);
      if (bytes.length > mostReferrersBytes) return undefined;
      const type = { 'content-type': mediaTypes.ociIndex, 'content-length': bytes.length };
      return { fields: { ...common, ...type }, digest: undefined, bytes };
    },
  };
}

function tagsQuestion(
  repository: RepositoryName,
  query: string,
  { index }: InstantRegistryOptions,
): Question {
  const asked = new URLSearchParams(query);
  return {
    repository,
    methods: ['GET', 'HEAD'],
    isKept: true,
    answer: () => {
      const list = new TagList(repository, asked);
      for (let page = list.wanted; page; page = list.wanted) {
        const found = index.tags(repository, page);
        if (!found) return undefined;
        list.add(found);
      }
      const { bytes } = list;
      const link = list.link !== undefined && { link: list.link };
      const type = {
        'content-type': 'application/json; charset=utf-8',
        'content-length': bytes.length,
      };
      return { fields: { ...common, ...link, ...type }, digest: undefined, bytes };
    },
  };
}

function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}
