// SPDX-License-Identifier: GPL-2.0
/*
 * The same by kprobes, for kernels without BPF trampolines.
 *
 * Allocations are counted at entry: a kprobe there is never lost, while a kretprobe is when more
 * calls are in flight than it has instances (as few as one per CPU), and __d_alloc() sleeps in
 * reclaim just when the answer matters. The kretprobe only takes back what returned NULL, so that a
 * lost one costs nothing unless that very call failed, and a sampled dentry its owner;
 * DS_ALLOC_UNPAIRED bounds how many were lost. Kprobes run with preemption off, so plain adds are
 * exact, those of two programs to one word too.
 *
 * Attached in the order of this file: see dentry_fentry.bpf.c.
 */
#define COUNT_WORDS DS_NR_COUNTERS
#include "program.h"
#include "cgroup_id.h"
#include "count.h"
#include "live.h"
#include "transitions.h"

/* Its flag is not set yet, but pipes, sockets and their like lie on mounts that no user has
 * (SB_NOUSER). So do pidfds since 6.9 (pidfs), which are no pseudo dentries: nobody holds them
 * long. */
static __always_inline bool on_internal_mount(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_sb, s_flags) & (1ul << 31);
}

SEC("kretprobe/__d_alloc")
int alloc_return(struct pt_regs *ctx)
{
	struct dentry *dentry = (struct dentry *)PT_REGS_RC(ctx);

	count_node(DS_ALLOC_UNPAIRED, -1);
	if (!dentry)
		count(current_cgroup_id(), DS_DENTRIES_ALLOCATED, -1);
	else if (!on_internal_mount(dentry))
		live_born(dentry, current_cgroup_id());
	return 0;
}

/* What failed was counted as pseudo, and alloc_return() has taken it from the others. */
SEC("kretprobe/d_alloc_pseudo")
int alloc_pseudo_return(struct pt_regs *ctx)
{
	if (!PT_REGS_RC(ctx)) {
		count(current_cgroup_id(), DS_DENTRIES_ALLOCATED, 1);
		count_node(DS_PSEUDO_ALLOCATED, -1);
	}
	return 0;
}

SEC("kprobe/__d_alloc")
int alloc_entry(struct pt_regs *ctx)
{
	count_node(DS_ALLOC_UNPAIRED, 1);
	if (take_pseudo_mark())
		count_node(DS_PSEUDO_ALLOCATED, 1);
	else
		count(current_cgroup_id(), DS_DENTRIES_ALLOCATED, 1);
	return 0;
}

SEC("kprobe/d_alloc_pseudo")
int alloc_pseudo(struct pt_regs *ctx)
{
	mark_pseudo();
	return 0;
}

SEC("kprobe/__dentry_kill")
int free_kill(struct pt_regs *ctx)
{
	struct dentry *dentry = (struct dentry *)PT_REGS_PARM1(ctx);

	killed(dentry, BPF_CORE_READ(dentry, d_flags), BPF_CORE_READ(dentry, d_inode),
	       !on_internal_mount(dentry));
	return 0;
}

SEC("kprobe/d_splice_alias")
int lookup_splice(struct pt_regs *ctx)
{
	spliced((struct inode *)PT_REGS_PARM1(ctx));
	return 0;
}

SEC("kprobe/d_add")
int lookup_add(struct pt_regs *ctx)
{
	added((struct inode *)PT_REGS_PARM2(ctx));
	return 0;
}

SEC("kprobe/dentry_unlink_inode")
int unlink_inode(struct pt_regs *ctx)
{
	struct dentry *dentry = (struct dentry *)PT_REGS_PARM1(ctx);

	unlinked(BPF_CORE_READ(dentry, d_lockref.count));
	return 0;
}

SEC("kprobe/__d_instantiate")
int instantiate_inode(struct pt_regs *ctx)
{
	struct dentry *dentry = (struct dentry *)PT_REGS_PARM1(ctx);

	instantiated(BPF_CORE_READ(dentry, d_flags));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
