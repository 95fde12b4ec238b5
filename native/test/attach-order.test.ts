/**
 * Programs are attached section by section, in the order in which the sections first come in the source. Where an event
 * between two attachments would be counted wrong for good, what ends or resets comes first.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** The programs of an object that start so, as libbpf sees them: by section, then by place. */
function programs(object: string, prefix: string): string[] {
  const path = fileURLToPath(new URL(`../../bpf/build/${object}.bpf.o`, import.meta.url));
  const symbols = execFileSync('readelf', ['-sW', path], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, , , type, bind, , , name]) => type === 'FUNC' && bind === 'GLOBAL' && name?.startsWith(prefix),
    )
    .map(([, value, , , , , section, name]) => ({
      section: Number(section),
      at: parseInt(value!, 16),
      name: name!,
    }));
  return symbols.sort((a, b) => a.section - b.section || a.at - b.at).map(({ name }) => name);
}

it.each([
  // An allocation is counted for whoever the last switch or move let pay.
  ['dentry_tracepoint', 'alloc_', ['alloc_switch', 'alloc_attach', 'alloc_transfer', 'alloc_kmem']],
  // A mark is taken by the allocation that it is for.
  ['dentry_fentry', 'alloc_', ['alloc_exit', 'alloc_pseudo']],
  ['dentry_kprobe', 'alloc_', ['alloc_return', 'alloc_pseudo_return', 'alloc_entry', 'alloc_pseudo']],
  // A wait that nobody ends would last until the thread's next one.
  ['sched_tracepoint', 'queue_', ['queue_switch', 'queue_exec', 'queue_wakeup', 'queue_wakeup_new']],
  ['lock_tracepoint', 'lock_', ['lock_end', 'lock_begin']],
  // So would a flight.
  ['reclaim_fentry', 'remount_', ['remount_exit', 'remount_entry']],
  ['reclaim_fentry', 'umount_', ['umount_exit', 'umount_entry']],
  [
    'reclaim_fentry',
    'prune_',
    ['prune_run_end', 'prune_exit', 'prune_drop_exit', 'prune_drop_entry', 'prune_entry'],
  ],
  ['reclaim_kprobe', 'remount_', ['remount_exit', 'remount_entry']],
  ['reclaim_kprobe', 'umount_', ['umount_exit', 'umount_entry']],
  [
    'reclaim_kprobe',
    'prune_',
    ['prune_run_end', 'prune_exit', 'prune_drop_exit', 'prune_drop_entry', 'prune_entry'],
  ],
  ['reclaim_tracepoint', 'direct_', ['direct_end', 'direct_memcg_end', 'direct_begin', 'direct_memcg_begin']],
  ['reclaim_tracepoint', 'shrinkers_', ['shrinkers_end', 'shrinkers_start']],
])('%s: %s', (object, prefix, order) => {
  expect(programs(object, prefix)).toEqual(order);
});
