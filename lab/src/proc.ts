import { readdirSync, readFileSync } from 'node:fs';

/** A process named so that a reused pid is not mistaken for it. `start` is boot id and clock ticks since boot. */
export interface ProcessId {
  pid: number;
  start: string;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/**
 * A zombie whose other threads still run (a JVM ends like that) holds its ports and files; one that is alone
 * only waits for its parent, which in a container may be for ever.
 */
const isSpent = (pid: number, state: string | undefined): boolean =>
  state === 'X' || (state === 'Z' && readdirSync(`/proc/${pid}/task`).length <= 1);

/** State and start time of a pid, from proc(5); undefined once it is gone or only a zombie is left. */
export function identify(pid: number): ProcessId | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name is in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (isSpent(pid, fields[0])) return undefined;
    return { pid, start: `${bootId()}/${fields[19]}` };
  } catch {
    return undefined;
  }
}

export function isAlive(id: ProcessId): boolean {
  return identify(id.pid)?.start === id.start;
}

/** Signals exactly this process; says whether it was there. */
export function signal(id: ProcessId, name: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false;
  try {
    return process.kill(id.pid, name);
  } catch {
    return false; // ended between the look and the signal
  }
}
