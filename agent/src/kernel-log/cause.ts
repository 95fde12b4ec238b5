/** What a stack says of the stall. */

export type Cause = 'dentry_reclaim' | 'other' | '';

/**
 * Functions of fs/dcache.c and fs/super.c that free dentries in bulk or walk the tree for it, with the suffixes that
 * compilers add. Not __dentry_kill and dput alone: closing one file ends there too.
 */
const reclaims = new RegExp(
  `^(${[
    'shrink_dentry_list',
    'shrink_dcache_(sb|parent|for_umount|tree)',
    'shrink_lock_dentry', // 4.17 to 6.7
    'lock_for_kill', // since 6.8
    'shrink_kill', // since 6.8
    'prune_dcache_sb',
    'dentry_lru_isolate(_shrink)?',
    'd_walk',
    'd_genocide',
    'd_invalidate',
    'do_one_tree',
  ].join('|')})(\\.[\\w.]+)?$`,
);

/** @param stack function names, innermost first */
export function causeOf(stack: readonly string[]): Cause {
  if (stack.length === 0) return '';
  return stack.some((name) => reclaims.test(name)) ? 'dentry_reclaim' : 'other';
}
