import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand, succeeded } from '../test/support/command.ts';
import { type WireAnswer, wireRequest } from '../test/support/wire-request.ts';
import type { HeadLoad } from './head-load.ts';
import type { RegistrySubject } from './registry-subject.ts';

/** A file that is pushed as a blob. */
export interface BlobFile {
  readonly path: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Bytes that nobody can compress, in a file. */
export function makeBlobFile(folder: string, name: string, sizeBytes: number): BlobFile {
  const path = join(folder, name);
  const hash = createHash('sha256');
  const piece = randomBytes(2 ** 20);
  writeFileSync(path, '');
  for (let at = 0; at < sizeBytes; at += piece.length) {
    piece.writeUInt32BE(at / piece.length);
    hash.update(piece);
    writeFileSync(path, piece, { flag: 'a' });
  }
  return { path, digest: `sha256:${hash.digest('hex')}`, sizeBytes };
}

/** Somebody at one repository of a registry. */
export class Visitor {
  readonly #subject: RegistrySubject;
  readonly #repository: string;
  readonly token: string | undefined;
  /** As clients do, it stays connected from page to page. */
  readonly #agent: http.Agent;

  private constructor(subject: RegistrySubject, repository: string, token: string | undefined) {
    this.#subject = subject;
    this.#repository = repository;
    this.token = token;
    const { Agent } = subject.origin.startsWith('https:') ? https : http;
    this.#agent = new Agent({ keepAlive: true });
  }

  static async at(subject: RegistrySubject, repository: string): Promise<Visitor> {
    return new Visitor(subject, repository, await subject.token(repository));
  }

  url(path: string): string {
    return `${this.#subject.origin}/v2/${this.#repository}/${path}`;
  }

  /** One request that must be answered with this status. */
  async send(
    method: string,
    path: string,
    status: number,
    options: { body?: string | Uint8Array; headers?: Record<string, string> } = {},
  ): Promise<WireAnswer> {
    const url = path.startsWith('/v2/') ? `${this.#subject.origin}${path}` : this.url(path);
    const login = this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    const answer = await wireRequest(url, {
      ...{ method, agent: this.#agent, ...options },
      headers: { ...options.headers, ...login },
    });
    if (answer.status === status) return answer;
    throw new Error(`${this.#subject.name}: ${method} ${url} ${answer.status} ${answer.body}`);
  }

  /** Pushes a file as docker pushes a layer: POST, one PATCH, PUT. @returns milliseconds */
  async pushFile(file: BlobFile): Promise<number> {
    const since = performance.now();
    const begun = await this.send('POST', 'blobs/uploads/', 202);
    const patch = ['-X', 'PATCH', '-T', file.path, '-H', 'Expect:', '-D', '-', '-o', '/dev/null'];
    const { stdout } = await this.#curl([...patch, this.#absolute(begun.headers.location)]);
    const location = this.#absolute(/^location: *(\S+)/im.exec(stdout)?.[1]);
    const url = `${location}${location.includes('?') ? '&' : '?'}digest=${file.digest}`;
    const { pathname, search } = new URL(url);
    await this.send('PUT', `${pathname}${search}`, 201);
    return performance.now() - since;
  }

  /** Reads a blob so many times at once. @returns milliseconds */
  async pull(file: BlobFile, atOnce = 1): Promise<number> {
    const since = performance.now();
    const counted = ['-o', '/dev/null', '-w', '%{size_download}'];
    const pull = async () => {
      const { stdout } = await this.#curl([...counted, this.url(`blobs/${file.digest}`)]);
      if (Number(stdout) !== file.sizeBytes) throw new Error(`${stdout} bytes came`);
    };
    await Promise.all(Array.from({ length: atOnce }, pull));
    return performance.now() - since;
  }

  async pushBlob(bytes: string, mediaType: string) {
    const digest = digestOf(bytes);
    const { headers } = await this.send('POST', 'blobs/uploads/', 202);
    const { pathname, search } = new URL(this.#absolute(headers.location));
    const url = `${pathname}${search}${search ? '&' : '?'}digest=${digest}`;
    await this.send('PUT', url, 201, { body: bytes });
    return { mediaType, digest, size: bytes.length };
  }

  async pushManifest(reference: string | undefined, manifest: { readonly mediaType: string }) {
    const body = JSON.stringify(manifest);
    const digest = digestOf(body);
    const headers = { 'content-type': manifest.mediaType };
    await this.send('PUT', `manifests/${reference ?? digest}`, 201, { body, headers });
    return { mediaType: manifest.mediaType, digest, size: body.length };
  }

  /** HEADs per second over 16 connections. */
  async heads(path: string, seconds: number): Promise<number> {
    const load: HeadLoad = { url: this.url(path), token: this.token, seconds };
    const program = fileURLToPath(new URL('head-load.ts', import.meta.url));
    const { stdout } = succeeded(
      await runCommand(process.execPath, [program, JSON.stringify(load)]),
    );
    return (JSON.parse(stdout) as { perSecond: number }).perSecond;
  }

  /** Pushes small blobs over 16 connections. @returns how many per second */
  async smallBlobs(folder: string, seconds: number): Promise<number> {
    const [threads, each] = [16, 1_000];
    mkdirSync(folder, { recursive: true });
    for (let thread = 0; thread < threads; thread++) {
      const lines = Array.from({ length: each }, (_, i) => {
        const body = `blob ${i} of ${thread}, ${randomBytes(200).toString('hex')}`;
        return `${digestOf(body)} ${body}\n`;
      });
      writeFileSync(join(folder, String(thread)), lines.join(''));
    }
    const head = { FOLDER: folder, REPOSITORY: this.#repository, TOKEN: this.token ?? '' };
    const script = join(folder, 'script.lua');
    const pushers = fileURLToPath(new URL('blob-pushers.lua', import.meta.url));
    const sets = Object.entries(head).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
    writeFileSync(script, `${sets.join('\n')}\ndofile(${JSON.stringify(pushers)})\n`);
    const wrk = ['-t16', '-c16', `-d${seconds}s`, '-s', script, this.#subject.origin];
    const { stdout } = succeeded(await runCommand('wrk', wrk));
    const [, pushed, refused, us] = /pushed (\d+) refused (\d+) us (\d+)/.exec(stdout) ?? [];
    if (Number(refused) !== 0 || pushed === undefined) throw new Error(stdout);
    return Number(pushed) / (Number(us) / 1_000_000);
  }

  #absolute(location = ''): string {
    return new URL(location, this.#subject.origin).href;
  }

  async #curl(args: readonly string[]) {
    const login = this.token === undefined ? [] : ['-H', `Authorization: Bearer ${this.token}`];
    const all = ['-sS', '--fail', '-k', ...login, ...args];
    return succeeded(await runCommand('curl', all, { timeoutMs: 1_200_000 }));
  }
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
