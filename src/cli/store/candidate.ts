import { Command, Option } from 'commander';
import { states } from '../../chain/index.ts';
import {
  type CandidateJson,
  type HistoryCheckJson,
  type HistoryEntryJson,
  type UnsignedJson,
  type WaitFor,
  waitGoals,
} from '../../http/store-api/index.ts';
import { ask } from '../context.ts';
import { cliError } from '../errors.ts';
import { exitCodes, type Report } from '../exit-codes.ts';
import { collect } from '../operator/serve.ts';
import type { CliWorld } from '../ports.ts';
import { parseDurationMs } from './duration.ts';
import {
  renderCandidate,
  renderCandidates,
  renderDecision,
  renderHistory,
  renderUnsigned,
} from './render-candidate.ts';
import type { StoreClient } from './store-client.ts';
import { waitForCandidate } from './wait.ts';

/** `candidate list|show|wait|approve|refuse|recall|reopen|history` */
export function candidateCommands(world: CliWorld, report: Report): Command {
  const candidate = new Command('candidate').description('What is on its way into the store');
  list(candidate, world);
  show(candidate, world);
  wait(candidate, world, report);
  decide(candidate, world, 'approve', 'Let it into the store: it is signed and published');
  decide(candidate, world, 'refuse', 'Let it go no further; the producer reads the reason');
  decide(candidate, world, 'recall', 'Take a published one out of the store');
  decide(candidate, world, 'reopen', 'Have a refused or recalled one begin anew');
  history(candidate, world);
  return candidate;
}

interface ListOptions {
  readonly unsigned?: boolean;
  readonly state?: readonly string[];
  readonly repository?: string;
  readonly tag?: string;
  readonly limit?: string;
}

function list(candidate: Command, world: CliWorld): void {
  candidate
    .command('list')
    .description('List candidates, newest first')
    .option('--unsigned', 'instead, tags that were pushed and wait for a signature')
    .option('--state <state>', `only these; repeatable: ${states.join(', ')}`, collectState)
    .option('--repository <name>', 'only of this staging repository')
    .option('--tag <tag>', 'only of this tag')
    .option('--limit <n>', 'at most so many, up to 500 (default: 100)', parseLimit)
    .action(async ({ unsigned, ...query }: ListOptions, command: Command) => {
      if (!unsigned) {
        const candidates = (store: StoreClient) =>
          store.get<CandidateJson[]>('/candidates', { ...query });
        await ask(world, command, candidates, renderCandidates);
        return;
      }
      if (query.state ?? query.repository ?? query.tag) {
        const reason = '--unsigned goes with --limit only';
        throw cliError('CLI_USAGE', { reason });
      }
      const tags = (store: StoreClient) =>
        store.get<UnsignedJson[]>('/unsigned', { limit: query.limit });
      await ask(world, command, tags, renderUnsigned);
    });
}

function show(candidate: Command, world: CliWorld): void {
  candidate
    .command('show <id>')
    .description('Show one with its findings and history')
    .action(async (id: string, _options: unknown, command: Command) => {
      const all = async (store: StoreClient) => {
        const shown = await store.get<CandidateJson>(pathOf(id));
        const history = await store.get<HistoryEntryJson[]>(`${pathOf(id)}/history`);
        return { ...shown, history };
      };
      await ask(world, command, all, (shown, store) =>
        renderCandidate(shown, shown.history, store.host),
      );
    });
}

interface WaitOptions {
  readonly for: WaitFor;
  readonly timeout: string;
}

function wait(candidate: Command, world: CliWorld, report: Report): void {
  candidate
    .command('wait <id>')
    .description('Wait for a decision to be due, or for an end')
    .addOption(
      new Option('--for <what>', 'that a person must decide, or how it ends')
        .choices(waitGoals)
        .makeOptionMandatory(),
    )
    .option('--timeout <time>', 'such as 500ms, 60s, 5m', '60s')
    .action(async (id: string, options: WaitOptions, command: Command) => {
      const timeoutMs = parseDurationMs(options.timeout);
      const { outcome } = await ask(
        world,
        command,
        (store) => waitForCandidate(world, store, pathOf(id), { goal: options.for, timeoutMs }),
        (waited, store) => renderDecision(waited.candidate, store.host),
      );
      const codes = { reached: exitCodes.done, missed: exitCodes.no, timeout: exitCodes.timeout };
      report(codes[outcome]);
    });
}

function decide(
  candidate: Command,
  world: CliWorld,
  decision: 'approve' | 'refuse' | 'recall' | 'reopen',
  description: string,
): void {
  candidate
    .command(`${decision} <id>`)
    .description(description)
    .option('--reason <text>', 'why; kept in the history for good', '')
    .action(async (id: string, { reason }: { reason: string }, command: Command) => {
      await ask(
        world,
        command,
        (store) => store.post<CandidateJson>(`${pathOf(id)}/${decision}`, { reason }),
        (decided, store) => renderDecision(decided, store.host),
      );
    });
}

function history(candidate: Command, world: CliWorld): void {
  candidate
    .command('history [id]')
    .description('What happened to one, oldest first')
    .option('--verify', 'verify the chain of hashes of the whole history')
    .action(async (id: string | undefined, { verify }: { verify?: boolean }, command: Command) => {
      if (id === undefined && !verify) {
        throw cliError('CLI_USAGE', { reason: 'whose history? give an ID, or --verify' });
      }
      const told = async (store: StoreClient) => {
        const check = verify ? await store.get<HistoryCheckJson>('/history/verify') : undefined;
        if (id === undefined) return { ...check };
        const entries = await store.get<HistoryEntryJson[]>(`${pathOf(id)}/history`);
        return check ? { entries, verified: check } : entries;
      };
      await ask(world, command, told, renderHistory);
    });
}

/** @throws StoreError CLI_USAGE */
function parseLimit(text: string): string {
  if (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= 500) return text;
  throw cliError('CLI_USAGE', { reason: `--limit goes from 1 to 500, not "${text}"` });
}

/** @throws StoreError CLI_USAGE */
function collectState(text: string, previous: readonly string[] | undefined): readonly string[] {
  if ((states as readonly string[]).includes(text)) return collect(text, previous);
  const reason = `there is no state "${text}"; the states are ${states.join(', ')}`;
  throw cliError('CLI_USAGE', { reason });
}

function pathOf(id: string): string {
  return `/candidates/${encodeURIComponent(id)}`;
}
