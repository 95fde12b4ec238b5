/* SPDX-License-Identifier: GPL-2.0 */
/* prune_dcache_sb(): who called it and why. Include after reclaim_event.h. */
#ifndef RECLAIM_PRUNE_H
#define RECLAIM_PRUNE_H

#include "reclaim_event.h"

#define PF_KTHREAD 0x00200000

struct task_struct___reclaim {
	unsigned int flags;
} __core;

struct mem_cgroup___reclaim {
	struct cgroup_subsys_state css;
} __core;

struct shrink_control___reclaim {
	unsigned long nr_to_scan;
	struct mem_cgroup___reclaim *memcg;
} __core;

/* Tasks in drop_caches_sysctl_handler(), and how deep in the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, __u64);
} dropping SEC(".maps");

static __always_inline void drop_entered(__u64 stack)
{
	__u64 task = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&dropping, &task, &stack, BPF_ANY);
}

static __always_inline void drop_left(void)
{
	__u64 task = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&dropping, &task);
}

/* kswapd is a kernel thread, and so is what else reclaims for others. */
static __always_inline enum ds_reclaim_kind prune_kind(__u64 stack)
{
	struct task_struct___reclaim *current = (void *)bpf_get_current_task();
	__u64 task = bpf_get_current_pid_tgid();
	__u64 *drop = bpf_map_lookup_elem(&dropping, &task);

	if (drop && stack < *drop)
		return DS_RECLAIM_DROP_CACHES;
	if (BPF_CORE_READ(current, flags) & PF_KTHREAD)
		return DS_RECLAIM_PRESSURE;
	return DS_RECLAIM_DIRECT;
}

static __always_inline void prune_entered(void *sb, void *sc, __u64 stack)
{
	struct shrink_control___reclaim *control = sc;
	struct flight fresh = {
	    .stack = stack,
	    .superblock = (__u64)sb,
	    .control = (__u64)sc,
	    .to_scan = BPF_CORE_READ(control, nr_to_scan),
	    .kind = prune_kind(stack),
	};

	enter(DS_SCOPE_PRUNE, &fresh);
}

/* The id of the memory cgroup whose dentries are pruned; 0 for the root and where there are none.
 */
static __always_inline __u64 shrunk_id(const struct flight *flight)
{
	struct shrink_control___reclaim *control = (void *)flight->control;
	struct mem_cgroup___reclaim *memcg = BPF_CORE_READ(control, memcg);
	struct cgroup *cgrp;

	if (!memcg)
		return 0;
	cgrp = BPF_CORE_READ(memcg, css.cgroup);
	if (!BPF_CORE_READ(cgrp, level))
		return 0;
	return BPF_CORE_READ(cgrp, kn, id) | (__u64)BPF_CORE_READ(cgrp, root, hierarchy_id)
						 << DS_HIERARCHY_SHIFT;
}

static __always_inline void begin_run(__u64 task, const struct flight *flight, __u64 ns,
				      __u64 scanned, __u64 cgroup_id, __u64 shrunk)
{
	struct run fresh = {.superblock = flight->superblock};

	fresh.event.cgroup_id = cgroup_id;
	fresh.event.shrunk_id = shrunk;
	describe(&fresh.event, flight);
	add_call(&fresh.event, flight, ns, scanned);
	if (bpf_map_update_elem(&runs, &task, &fresh, BPF_ANY))
		emit(&fresh.event);
}

static __always_inline void prune_left(__u64 stack)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct shrink_control___reclaim *control;
	__u64 ns, scanned, cgroup_id, shrunk;
	struct flight flight;
	struct run *run;

	if (!leave(DS_SCOPE_PRUNE, stack, &flight))
		return;
	ns = bpf_ktime_get_ns() - flight.start_ns;
	control = (void *)flight.control;
	scanned = flight.to_scan - BPF_CORE_READ(control, nr_to_scan);
	cgroup_id = current_cgroup_id();
	shrunk = shrunk_id(&flight);
	account(cgroup_id, flight.kind, ns, flight.freed);
	run = bpf_map_lookup_elem(&runs, &task);
	if (run && run->superblock == flight.superblock && run->event.shrunk_id == shrunk &&
	    run->event.kind == flight.kind) {
		add_call(&run->event, &flight, ns, scanned);
		return;
	}
	if (run)
		emit(&run->event);
	begin_run(task, &flight, ns, scanned, cgroup_id, shrunk);
}

static __always_inline void end_run(void)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct run *run = bpf_map_lookup_elem(&runs, &task);

	if (!run)
		return;
	emit(&run->event);
	bpf_map_delete_elem(&runs, &task);
}

#endif
