// SPDX-License-Identifier: GPL-2.0
/*
 * The same by kprobes, for kernels without BPF trampolines.
 *
 * Allocations are counted at entry: a kprobe there is never lost, while a kretprobe is when more
 * calls are in flight than it has instances (as few as one per CPU), and __d_alloc() sleeps in
 * reclaim just when the answer matters. The kretprobe only takes back what returned NULL, so that a
 * lost one costs nothing unless that very call failed; DS_ALLOC_UNPAIRED bounds how many were lost.
 * Kprobes run with preemption off, so plain adds are exact.
 *
 * Attached in the order of this file: see dentry_fentry.bpf.c.
 */
#include "program.h"
#include "cgroup_id.h"
#include "count.h"
#include "pseudo.h"

SEC("kretprobe/__d_alloc")
int alloc_return(struct pt_regs *ctx)
{
	count_node(DS_ALLOC_UNPAIRED, -1);
	if (!PT_REGS_RC(ctx))
		count(current_cgroup_id(), DS_ALLOC_FAILED, 1);
	return 0;
}

SEC("kretprobe/d_alloc_pseudo")
int alloc_pseudo_return(struct pt_regs *ctx)
{
	if (!PT_REGS_RC(ctx))
		count(current_cgroup_id(), DS_PSEUDO_FAILED, 1);
	return 0;
}

SEC("kprobe/__d_alloc")
int alloc_entry(struct pt_regs *ctx)
{
	count_node(DS_ALLOC_UNPAIRED, 1);
	count(current_cgroup_id(), take_pseudo_mark() ? DS_PSEUDO_ALLOCATED : DS_DENTRIES_ALLOCATED,
	      1);
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

	count(current_cgroup_id(),
	      is_pseudo(BPF_CORE_READ(dentry, d_flags)) ? DS_PSEUDO_FREED : DS_DENTRIES_FREED, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
