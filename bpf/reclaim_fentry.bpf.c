// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim of dentries, and who paid for it, by BPF trampolines. The address of the context is where
 * the call lies in the stack. Returns are attached before entries, so that no flight begins that
 * nobody ends.
 */
#include "program.h"
#include "reclaim_prune.h"

SEC("raw_tp/sched_process_exit")
int freed_task_exit(void *ctx)
{
	task_ended();
	return 0;
}

SEC("fentry/__dentry_kill")
int BPF_PROG(freed_kill)
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

SEC("fexit/prune_dcache_sb")
int BPF_PROG(prune_exit)
{
	prune_left((__u64)ctx);
	return 0;
}

SEC("fexit/drop_caches_sysctl_handler")
int BPF_PROG(prune_drop_exit)
{
	drop_left();
	return 0;
}

SEC("fentry/drop_caches_sysctl_handler")
int BPF_PROG(prune_drop_entry)
{
	drop_entered((__u64)ctx);
	return 0;
}

SEC("fentry/prune_dcache_sb")
int BPF_PROG(prune_entry, struct super_block *sb, void *sc)
{
	prune_entered(sb, sc, (__u64)ctx);
	return 0;
}

SEC("fexit/shrink_dcache_sb")
int BPF_PROG(remount_exit)
{
	left_one(DS_SCOPE_REMOUNT, (__u64)ctx);
	return 0;
}

SEC("fentry/shrink_dcache_sb")
int BPF_PROG(remount_entry, struct super_block *sb)
{
	entered_one(DS_SCOPE_REMOUNT, DS_RECLAIM_REMOUNT, sb, (__u64)ctx);
	return 0;
}

SEC("fexit/shrink_dcache_for_umount")
int BPF_PROG(umount_exit)
{
	left_one(DS_SCOPE_UMOUNT, (__u64)ctx);
	return 0;
}

SEC("fentry/shrink_dcache_for_umount")
int BPF_PROG(umount_entry, struct super_block *sb)
{
	entered_one(DS_SCOPE_UMOUNT, DS_RECLAIM_UMOUNT, sb, (__u64)ctx);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
