// SPDX-License-Identifier: GPL-2.0
/*
 * The same by kprobes. A kretprobe has as few instances as CPUs and loses returns beyond so many in
 * flight; what was entered and not left bounds how many. See reclaim_fentry.bpf.c for the order.
 */
#include "program.h"
#include "reclaim_prune.h"

SEC("raw_tp/sched_process_exit")
int freed_task_exit(void *ctx)
{
	task_ended();
	return 0;
}

SEC("kprobe/__dentry_kill")
int freed_kill(struct pt_regs *ctx)
{
	count_kill();
	return 0;
}

SEC("raw_tp/mm_shrink_slab_end")
int prune_run_end(void *ctx)
{
	end_run();
	return 0;
}

SEC("kretprobe/prune_dcache_sb")
int prune_exit(struct pt_regs *ctx)
{
	prune_left(PT_REGS_SP(ctx));
	return 0;
}

SEC("kretprobe/drop_caches_sysctl_handler")
int prune_drop_exit(struct pt_regs *ctx)
{
	drop_left();
	return 0;
}

SEC("kprobe/drop_caches_sysctl_handler")
int prune_drop_entry(struct pt_regs *ctx)
{
	drop_entered(PT_REGS_SP(ctx));
	return 0;
}

SEC("kprobe/prune_dcache_sb")
int prune_entry(struct pt_regs *ctx)
{
	prune_entered((void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx), PT_REGS_SP(ctx));
	return 0;
}

SEC("kretprobe/shrink_dcache_sb")
int remount_exit(struct pt_regs *ctx)
{
	left_one(DS_SCOPE_REMOUNT, PT_REGS_SP(ctx));
	return 0;
}

SEC("kprobe/shrink_dcache_sb")
int remount_entry(struct pt_regs *ctx)
{
	entered_one(DS_SCOPE_REMOUNT, DS_RECLAIM_REMOUNT, (void *)PT_REGS_PARM1(ctx),
		    PT_REGS_SP(ctx));
	return 0;
}

SEC("kretprobe/shrink_dcache_for_umount")
int umount_exit(struct pt_regs *ctx)
{
	left_one(DS_SCOPE_UMOUNT, PT_REGS_SP(ctx));
	return 0;
}

SEC("kprobe/shrink_dcache_for_umount")
int umount_entry(struct pt_regs *ctx)
{
	entered_one(DS_SCOPE_UMOUNT, DS_RECLAIM_UMOUNT, (void *)PT_REGS_PARM1(ctx),
		    PT_REGS_SP(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
