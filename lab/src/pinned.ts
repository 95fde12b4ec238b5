/**
 * A command line that runs on these CPUs only, as taskset(1) writes them (`0`, `0-3`); as it is where none are named.
 * From its start, since Go and the JVM make as many threads as they see CPUs then.
 */
export const pinned = (cpus: string | undefined, command: string, args: string[]) =>
  cpus === undefined ? { command, args } : { command: 'taskset', args: ['-c', cpus, command, ...args] };
