/**
 * What each operation must give, a thousand times over: the table of the kernel's hooks as measured, and rows of our own.
 * /data is ext4, /run tmpfs, /run/overlay/merged an overlayfs of tmpfs layers, /run/bind a bind mount of /data.
 */
import type { Counter } from '@dentryscope/native';
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
  row('namespace', '/data', { allocated: 1, instantiated: 1, freed: 1 }),
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

type Counted = Record<Counter, string | null>;

const times = (count = 0, n = N) => String(count * n);

/** What a backend that sees all must have counted. */
export const whole = (expected: Expected, n = N): Counted => ({
  dentriesAllocated: times(expected.allocated, n),
  dentriesFreed: times(expected.freed, n),
  negativeByLookup: times(expected.missed, n),
  negativeByUnlink: times(expected.unlinked, n),
  instantiated: times(expected.instantiated, n),
  positiveByLookup: times(expected.found, n),
  negativesFreed: times(expected.negativesFreed, n),
});

/** The slab tracepoints see births alone, and cannot tell a pipe's. */
export const slab = (expected: Expected, n = N): Counted => ({
  dentriesAllocated: times((expected.allocated ?? 0) + (expected.pseudo ?? 0), n),
  dentriesFreed: null,
  negativeByLookup: null,
  negativeByUnlink: null,
  instantiated: null,
  positiveByLookup: null,
  negativesFreed: null,
});

/**
 * By how much the kernel's own dentry-state must have changed. Its negatives are those on an LRU list: all here, since
 * nothing is held open.
 */
export const stateOf = ({ allocated = 0, freed = 0, ...of }: Expected) => ({
  dentries: (allocated - freed) * N,
  negative:
    N *
    (allocated - (of.instantiated ?? 0) - (of.found ?? 0) + (of.unlinked ?? 0) - (of.negativesFreed ?? 0)),
});

/** Run in the guest before anything is measured. */
export const prepare = [
  'mkdir -p /run/bind /run/overlay/lower /run/overlay/upper /run/overlay/work /run/overlay/merged',
  'mount --bind /data /run/bind',
  'mount -t overlay -o lowerdir=/run/overlay/lower,upperdir=/run/overlay/upper,workdir=/run/overlay/work none /run/overlay/merged',
  // The task that is moved keeps its CPU, however long the move takes: neither the throttling of real-time tasks
  // nor the soft-lockup watchdog, which every 4 s runs a stopper above all of them, takes it.
  'echo -1 > /proc/sys/kernel/sched_rt_runtime_us',
  'echo 0 > /proc/sys/kernel/watchdog',
].join(' && ');

export const nameOf = ({ op, dir }: Row) => `${op} ${dir}`;

/** Another moves the task while it runs, after a third of its misses; with all its threads. */
export const movedOps = ['miss_moved', 'miss_moved_threads'] as const;

/** Rows that more than one process makes: each has a cgroup of its own unless said otherwise. */
export const together = (root: string): Run[] => [
  {
    name: '8 processes in 8 cgroups',
    apart: true,
    roots: Array<string>(8).fill(root),
    work: [
      'miss',
      'pipe',
      'create',
      'socket',
      'create_close_unlink',
      'mkdir_rmdir',
      'link',
      'create_rename',
    ].map((op) => ({ op, n: N, dir: '/data' })),
  },
  {
    name: '8 processes in one cgroup',
    roots: [root],
    work: Array(8).fill({ op: 'create_close_unlink', n: N, dir: '/data' }) as Run['work'],
  },
  {
    name: 'two cgroups, one directory',
    apart: true,
    roots: [root, root],
    work: Array(2).fill({ op: 'miss', n: N, dir: '/data' }) as Run['work'],
  },
  {
    name: 'two cgroups, the same names at once',
    apart: true,
    roots: [root, root],
    work: Array(2).fill({ op: 'miss_shared', n: N, dir: '/data' }) as Run['work'],
  },
  { name: 'a process that moves', roots: [root, root], work: [{ op: 'miss_moving', n: N, dir: '/data' }] },
  ...movedOps.map((op) => ({ name: op, roots: [root, root], work: [{ op, n: 1.5 * N, dir: '/data' }] })),
];

/** Each in a fresh cgroup below `root`. */
export const runsOf = (root: string): Run[] =>
  table.map(({ op, dir }) => ({
    name: nameOf({ op, dir, expected: {} }),
    roots: [root],
    work: [{ op, n: N, dir }],
  }));
