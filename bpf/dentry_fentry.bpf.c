// SPDX-License-Identifier: GPL-2.0
/*
 * Dentry allocations and frees by BPF trampolines: exact, and the cheapest hook that fires for
 * dentries only.
 *
 * __d_alloc() is where every dentry is born on all kernels; d_alloc() misses the path walk since
 * e95db51c81f5. It may return NULL (a memcg at its limit), hence fexit.
 *
 * The loader attaches in the order of this file: counting first, marking last, so that no mark is
 * made that nobody takes.
 */
#include "program.h"
#include "cgroup_id.h"
#include "count.h"
#include "pseudo.h"

SEC("fexit/__d_alloc")
int BPF_PROG(alloc_exit, struct super_block *sb, const struct qstr *name, struct dentry *dentry)
{
	bool pseudo = take_pseudo_mark();

	if (dentry)
		count(current_cgroup_id(), pseudo ? DS_PSEUDO_ALLOCATED : DS_DENTRIES_ALLOCATED, 1);
	return 0;
}

SEC("fentry/d_alloc_pseudo")
int BPF_PROG(alloc_pseudo)
{
	mark_pseudo();
	return 0;
}

/* Every dentry dies here, and nr_dentry is decremented here; current is who freed it, not who made
 * it. */
SEC("fentry/__dentry_kill")
int BPF_PROG(free_kill, struct dentry *dentry)
{
	count(current_cgroup_id(), is_pseudo(dentry->d_flags) ? DS_PSEUDO_FREED : DS_DENTRIES_FREED,
	      1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
