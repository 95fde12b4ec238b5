import { spawnSync } from 'node:child_process';

let setpriv: boolean | undefined;

/**
 * A command line whose process the kernel ends when this one ends, however it ends (prctl PR_SET_PDEATHSIG).
 * Without util-linux's setpriv (busybox's cannot) the command as it is: then only the exit hook and the sweep
 * of `Home` end it.
 */
export function dieWithUs(command: string, args: string[]): [string, string[]] {
  setpriv ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0;
  return setpriv ? ['setpriv', ['--pdeathsig', 'KILL', command, ...args]] : [command, args];
}
