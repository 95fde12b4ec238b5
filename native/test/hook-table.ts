/**
 * What each operation must give, a thousand times over: the table of the kernel's hooks as measured, and rows of our own.
 * /data is ext4, /run tmpfs, /run/overlay/merged an overlayfs of tmpfs layers, /run/bind a bind mount of /data.
 */
import type { Run } from './measure.mjs';

export const N = 1000;

/** Per operation; what is left out is 0. */
export interface Expected {
  allocated?: number;
  freed?: number;
  missed?: number;
  unlinked?: number;
  instantiated?: number;
  found?: number;
  negativesFreed?: number;
  /** Pipes, sockets and their like: only the slab tracepoints count them with the others. */
  pseudo?: number;
  /** Not every negative dentry of these is unused, or on a list: dentry-state's fifth field is another figure. */
  negativesInState?: number;
}

export interface Row {
  readonly op: string;
  readonly dir: string;
  readonly expected: Expected;
}

const create = { allocated: 1, missed: 1, instantiated: 1 };
const row = (op: string, dir: string, expected: Expected): Row => ({ op, dir, expected });

const ext4 = (dir: string): Row[] => [
  row('idle', dir, {}),
  row('miss', dir, { allocated: 1, missed: 1 }),
  row('miss_again', dir, {}),
  row('create', dir, create),
  row('create_close_unlink', dir, { ...create, unlinked: 1 }),
  row('create_unlink_close', dir, { ...create, freed: 1 }),
  row('unlink_old', dir, { unlinked: 1 }),
  row('mkdir', dir, create),
  row('mkdir_rmdir', dir, { ...create, unlinked: 1 }),
  // The old name's dentry takes the new name's place, whose own dentry, negative, is killed.
  row('create_rename', dir, { allocated: 2, missed: 2, instantiated: 1, freed: 1, negativesFreed: 1 }),
  // What was there before has an inode until its kill.
  row('create_rename_over', dir, { allocated: 2, missed: 2, instantiated: 2, freed: 1 }),
  row('stat_cached', dir, {}),
  row('stat_cold', dir, { allocated: 1, found: 1 }),
  row('link', dir, create),
  row('symlink', dir, create),
  row('tmpfile', dir, { allocated: 1, instantiated: 1, freed: 1 }),
  row('miss_create_unlink', dir, { ...create, unlinked: 1 }),
];

export const table: readonly Row[] = [
  ...ext4('/data'),
  row('miss', '/run/bind', { allocated: 1, missed: 1 }),
  row('create_close_unlink', '/run/bind', { ...create, unlinked: 1 }),
  row('pipe', '/data', { pseudo: 1 }),
  row('socket', '/data', { pseudo: 1 }),
  // tmpfs keeps no negatives.
  row('miss', '/run', { allocated: 1, missed: 1, freed: 1, negativesFreed: 1 }),
  row('create', '/run', create),
  row('create_close_unlink', '/run', { ...create, unlinked: 1, freed: 1, negativesFreed: 1 }),
  // One dentry of the overlay, and one in each layer that is asked.
  row('miss', '/run/overlay/merged', { allocated: 3, missed: 3, freed: 2, negativesFreed: 2 }),
  row('create', '/run/overlay/merged', {
    allocated: 4,
    missed: 4,
    instantiated: 2,
    freed: 2,
    negativesFreed: 2,
  }),
  row('create_close_unlink', '/run/overlay/merged', {
    allocated: 5,
    missed: 5,
    instantiated: 2,
    // The layer's dentry is still held when it is unlinked: it goes as it is, with its inode.
    unlinked: 1,
    freed: 5,
    negativesFreed: 4,
  }),
];

/** Run in the guest before anything is measured. */
export const prepare = [
  'mkdir -p /run/bind /run/overlay/lower /run/overlay/upper /run/overlay/work /run/overlay/merged',
  'mount --bind /data /run/bind',
  'mount -t overlay -o lowerdir=/run/overlay/lower,upperdir=/run/overlay/upper,workdir=/run/overlay/work none /run/overlay/merged',
].join(' && ');

export const nameOf = ({ op, dir }: Row) => `${op} ${dir}`;

/** Each in a fresh cgroup below `root`. */
export const runsOf = (root: string): Run[] =>
  table.map(({ op, dir }) => ({ name: nameOf({ op, dir, expected: {} }), roots: [root], work: [{ op, n: N, dir }] }));
