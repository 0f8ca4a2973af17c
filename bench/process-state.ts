import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a server has done what it does once after its start: it looks at the expiry of all it
 * holds. @returns after how many seconds
 */
export async function idle(pid: number): Promise<number> {
  const since = performance.now();
  const [ticksEach, lookEveryMs, withinMs] = [10, 1_000, 60_000];
  let [before, now] = [Number.NEGATIVE_INFINITY, processorTicks(pid)];
  while (now - before > ticksEach && performance.now() - since < withinMs) {
    await sleep(lookEveryMs);
    [before, now] = [now, processorTicks(pid)];
  }
  return (performance.now() - since) / 1_000;
}

/** Hundredths of a second that a process has computed. @see proc_pid_stat(5) */
function processorTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** Resident memory of a process now, in MiB. */
export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1_024;
}
