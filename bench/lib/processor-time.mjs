/** Processor time: of this process, and of others from /proc. */
import { readFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every architecture that node runs on: a tick in milliseconds. */
export const TICK_MS = 10;

/** Of all threads of this process, user and system, since `before`, which process.cpuUsage() gave. Milliseconds. */
export function cpuMsSince(before) {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** utime + stime of all threads of a process, dead ones included (proc_pid_stat(5)). Milliseconds since its start. */
export function cpuMsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
