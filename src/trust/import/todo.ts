import { dayMs } from '../../base/index.ts';
import type { ServerRole } from '../ports.ts';
import { shellWord } from '../shell-word.ts';
import type { Deadline, KeyFate } from './plan.ts';

/** What somebody must do about a repository. */
export interface ToDo {
  readonly who: 'owner' | 'operator';
  /** A sentence; by when, if there is a day. */
  readonly what: string;
  /** In order; to be typed as they are. */
  readonly commands: readonly string[];
}

interface Situation {
  readonly gun: string;
  readonly keys: Readonly<Record<ServerRole, KeyFate>>;
  readonly deadlines: readonly Deadline[];
  readonly now: Date;
  readonly here: string;
  readonly there: string;
}

/** Before this, an end that only an owner can move is not worth a line. */
const soonMs = 180 * dayMs;

/**
 * What is left to people, most urgent first. Keys that nobody has are replaced by a rotation that
 * the root key signs; the commands are those of the notary client, which owners have.
 */
export function todoOf(situation: Situation): ToDo[] {
  return [...lostKeys(situation), ...endings(situation)];
}

function lostKeys({ gun, keys, deadlines, here, there }: Situation): ToDo[] {
  if (keys.timestamp === 'continues') return [];
  const timestamp = deadlines.find(({ what }) => what === 'timestamp');
  const by = timestamp?.at.toISOString() ?? 'now';
  if (timestamp?.isPast) {
    return [
      {
        who: 'operator',
        what: `nobody here has the timestamp key, and the timestamp ended at ${by}: consumers and publishers refuse it. Import the signer's database as well (--signer-dump or --signer-db), or import again from the running server, which renews it`,
        commands: [],
      },
    ];
  }
  const rotate = (server: string, ...role: string[]) =>
    `notary -s ${server} -d ~/.docker/trust key rotate ${shellWord(gun)} ${role.join(' ')}`;
  if (keys.snapshot === 'owner' || keys.snapshot === 'continues') {
    const what = `nobody here has the timestamp key: until it is replaced nothing can be published, and at ${by} consumers refuse the repository. Replace it with the root key`;
    return [{ who: 'owner', what, commands: [rotate(here, 'timestamp', '-r')] }];
  }
  return [
    {
      who: 'operator',
      what: `nobody here has the timestamp key, nor perhaps the snapshot key; with the signer's database (--signer-dump or --signer-db) both go on, and nobody has to do anything`,
      commands: [],
    },
    {
      who: 'owner',
      what: `otherwise take the snapshot key to yourself while the old server runs, have it imported again, then give both keys to this store; before ${by}. With a snapshot key of your own already, begin with the second command`,
      commands: [
        rotate(there, 'snapshot'),
        rotate(here, 'timestamp', '-r'),
        rotate(here, 'snapshot', '-r'),
      ],
    },
  ];
}

function endings({ gun, keys, deadlines, now, here }: Situation): ToDo[] {
  return deadlines.flatMap(({ what, at, isPast }): ToDo[] => {
    const day = at.toISOString();
    if (what === 'timestamp' || at.getTime() > now.getTime() + soonMs) return [];
    if (what === 'snapshot' && keys.snapshot === 'continues') return [];
    if (what === 'root certificate' && isPast) {
      const text = `a root certificate ended at ${day}; unless another root key is valid, no consumer accepts the repository and no server signs for it: its owner must make a new one under a new name`;
      return [{ who: 'owner', what: text, commands: [] }];
    }
    if (isPast) {
      const text = `${what} expired at ${day}; consumers refuse it until its owner signs it again`;
      return [{ who: 'owner', what: text, commands: [] }];
    }
    const notary = `notary -s ${here} -d ~/.docker/trust`;
    const command =
      what === 'root' || what === 'root certificate'
        ? [`${notary} key rotate ${shellWord(gun)} root`]
        : what.startsWith('targets')
          ? [`${notary} witness ${shellWord(gun)} ${what} -p`]
          : [];
    return [{ who: 'owner', what: `${what} ends at ${day}; sign it again`, commands: command }];
  });
}
