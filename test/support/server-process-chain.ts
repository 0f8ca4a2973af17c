import { setTimeout as sleep } from 'node:timers/promises';
import type { DockerCli } from './docker-cli.ts';
import type { Caller, ServerProcess } from './server-process.ts';

/** What the API says of a candidate, as far as tests ask. */
export interface CandidateView {
  readonly id: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly state: string;
  readonly findings: readonly FindingView[];
  readonly refusal?: { readonly code: string; readonly reason: string };
}

export interface FindingView {
  readonly rule: string;
  readonly title: string;
  readonly aliases: readonly string[];
  readonly blocks: boolean;
}

/** One entry of a candidate's history. */
export interface HistoryView {
  readonly at: string;
  readonly step: string;
  readonly actor: string;
  readonly reason: string;
}

/** The people of the chain. Their passwords are all the same, long one. */
const password = 'a password for a test';
export const paula = { name: 'paula', password, role: 'producer', namespace: 'acme' } as const;
export const rival = { name: 'rival', password, role: 'producer', namespace: 'rival' } as const;
export const rita = { name: 'rita', password, role: 'reviewer' } as const;
export const carol = { name: 'carol', password, role: 'consumer' } as const;

/**
 * `docker push` with content trust.
 * @returns the digest that was signed
 */
export async function pushSigned(docker: DockerCli, image: string): Promise<string> {
  const { stdout, stderr } = await docker.must(['push', image], { trust: true });
  const digest = /digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(stdout)?.[1];
  if (digest === undefined || !stdout.includes(`Successfully signed ${image}`)) {
    throw new Error(`docker did not sign ${image}:\n${stdout}${stderr}`);
  }
  return digest;
}

/** Every candidate the caller sees. */
export function candidates(server: ServerProcess, as: Caller = rita): Promise<CandidateView[]> {
  return server.api<CandidateView[]>('GET', '/candidates?limit=500', { as });
}

/** The candidate of this image, which may take a moment to be admitted. */
export async function candidateOf(
  server: ServerProcess,
  image: { readonly repository: string; readonly tag: string },
): Promise<CandidateView> {
  for (const until = Date.now() + 20_000; Date.now() < until; await sleep(200)) {
    const found = (await candidates(server)).find(
      ({ repository, tag }) => repository === image.repository && tag === image.tag,
    );
    if (found) return found;
  }
  throw new Error(`${image.repository}:${image.tag} was not admitted within 20 s\n${server.log}`);
}

/** Waits until the candidate has come to this end. */
export async function reached(
  server: ServerProcess,
  id: string,
  end: 'decision' | 'published' | 'refused',
): Promise<CandidateView> {
  const path = `/candidates/${id}/wait?for=${end}&seconds=20`;
  const until = Date.now() + 60_000;
  for (;;) {
    const { outcome, candidate } = await server.api<Waited>('GET', path, { as: rita });
    if (outcome === 'reached') return candidate;
    if (outcome === 'missed' || Date.now() > until) {
      throw new Error(`not ${end}: ${JSON.stringify(candidate, null, 1)}`);
    }
  }
}

interface Waited {
  readonly outcome: 'reached' | 'missed' | 'pending';
  readonly candidate: CandidateView;
}

/** A reviewer's approval. */
export async function approve(server: ServerProcess, id: string, reason: string): Promise<void> {
  await server.api('POST', `/candidates/${id}/approve`, { as: rita, body: { reason } });
}

export function historyOf(server: ServerProcess, id: string): Promise<HistoryView[]> {
  return server.api<HistoryView[]>('GET', `/candidates/${id}/history`, { as: rita });
}
