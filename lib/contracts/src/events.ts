/** The kinds of events that ride in windows: what each means is said in wire.proto. */

export const reclaimKinds = ['pressure', 'drop_caches', 'remount', 'umount', 'direct'] as const;
export type ReclaimKind = (typeof reclaimKinds)[number];

export const stallKinds = [
  'softlockup',
  'hardlockup',
  'rcu',
  'hung_task',
  'timer_jitter',
  'run_queue',
  'lock_contention',
] as const;
export type StallKind = (typeof stallKinds)[number];
