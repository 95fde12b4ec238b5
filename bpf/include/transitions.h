/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How dentries come to have an inode and lose it. Include after count.h and kernel_types.h.
 *
 * A dentry is born without an inode. It gets one by __d_instantiate() (a create) or when a lookup
 * found the name, and loses it by dentry_unlink_inode() when its file is unlinked. A lookup that
 * finds nothing leaves it negative for good.
 */
#ifndef TRANSITIONS_H
#define TRANSITIONS_H

#include "kernel_types.h"
#include "pseudo.h"

#define MAX_ERRNO 4095
#define S_IFMT 0170000
#define S_IFDIR 0040000

/*
 * d_splice_alias() gives a directory's inode that has a dentry already no second one: that dentry
 * is moved here, and the looked-up one stays without.
 */
static __always_inline bool has_alias(struct inode *inode)
{
	return (BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFDIR &&
	       BPF_CORE_READ(inode, i_dentry.first);
}

static __always_inline void spliced(struct inode *inode)
{
	if (!inode)
		count(current_cgroup_id(), DS_MISSED_BY_SPLICE, 1);
	else if ((unsigned long)inode < (unsigned long)-MAX_ERRNO && !has_alias(inode))
		count(current_cgroup_id(), DS_FOUND_BY_SPLICE, 1);
}

static __always_inline void added(struct inode *inode)
{
	count(current_cgroup_id(), inode ? DS_FOUND_BY_ADD : DS_MISSED_BY_ADD, 1);
}

/* A kill takes the inode too, but has marked the dentry dead before (lockref_mark_dead(): a
 * negative count). */
static __always_inline void unlinked(int refcount)
{
	if (refcount >= 0)
		count(current_cgroup_id(), DS_NEGATIVE_BY_UNLINK, 1);
}

static __always_inline void instantiated(unsigned int d_flags)
{
	if (!is_pseudo(d_flags))
		count(current_cgroup_id(), DS_INSTANTIATED, 1);
}

/* Where `sampled` is false its birth was left out of the sample, whatever its hash. */
static __always_inline void killed(struct dentry *dentry, unsigned int d_flags, struct inode *inode,
				   bool sampled)
{
	struct ds_entry *entry;

	if (is_pseudo(d_flags)) {
		count_node(DS_PSEUDO_FREED, 1);
		live_forget(dentry);
		return;
	}
	if (sampled)
		live_died(dentry);
	else
		live_forget(dentry);
	entry = entry_of(current_cgroup_id());
	if (!entry)
		return;
	entry->value[DS_DENTRIES_FREED] += 1;
	if (!inode)
		entry->value[DS_NEGATIVES_FREED] += 1;
}

#endif
