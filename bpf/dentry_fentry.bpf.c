// SPDX-License-Identifier: GPL-2.0
/*
 * Dentries by BPF trampolines: exact, and the cheapest hooks that fire for dentries only.
 *
 * __d_alloc() is where every dentry is born on all kernels; d_alloc() misses the path walk since
 * e95db51c81f5. It may return NULL (a memcg at its limit), hence fexit.
 *
 * The loader attaches in the order of this file: counting first, marking last, so that no mark is
 * made that nobody takes.
 */
#define COUNT_WORDS DS_NR_COUNTERS
#define TYPED_POINTERS
#include "program.h"
#include "cgroup_id.h"
#include "count.h"
#include "live.h"
#include "transitions.h"

SEC("fexit/__d_alloc")
int BPF_PROG(alloc_exit, struct super_block *sb, const struct qstr *name, struct dentry *dentry)
{
	bool pseudo = take_pseudo_mark();
	__u64 id;

	if (!dentry)
		return 0;
	if (pseudo) {
		count_node(DS_PSEUDO_ALLOCATED, 1);
		return 0;
	}
	id = current_cgroup_id();
	count(id, DS_DENTRIES_ALLOCATED, 1);
	live_born(dentry, id);
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
	killed(dentry, dentry->d_flags, dentry->d_inode, true);
	return 0;
}

SEC("fentry/d_splice_alias")
int BPF_PROG(lookup_splice, struct inode *inode)
{
	spliced(inode);
	return 0;
}

SEC("fentry/d_add")
int BPF_PROG(lookup_add, struct dentry *entry, struct inode *inode)
{
	added(inode);
	return 0;
}

SEC("fentry/dentry_unlink_inode")
int BPF_PROG(unlink_inode, struct dentry *dentry)
{
	unlinked(dentry->d_lockref.count);
	return 0;
}

SEC("fentry/__d_instantiate")
int BPF_PROG(instantiate_inode, struct dentry *dentry)
{
	instantiated(dentry->d_flags);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
