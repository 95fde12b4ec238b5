/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COUNT_H
#define COUNT_H

#include "dentryscope.h"

/* Per CPU, so that no count shares a cache line with another CPU's. Preallocated: kmem hooks must
 * not allocate. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct ds_counters);
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DS_NR_SPILL);
	__type(key, __u32);
	__type(value, struct ds_counters);
} spill SEC(".maps");

static __always_inline struct ds_counters *spill_entry(__u32 which)
{
	return bpf_map_lookup_elem(&spill, &which);
}

static __noinline struct ds_counters *new_entry(__u64 cgroup_id)
{
	struct ds_counters zero = {};
	struct ds_counters *entry;

	/* Another CPU may have been first (-EEXIST): look, don't trust the result. */
	bpf_map_update_elem(&cgroups, &cgroup_id, &zero, BPF_NOEXIST);
	entry = bpf_map_lookup_elem(&cgroups, &cgroup_id);
	return entry ? entry : spill_entry(DS_SPILL_OVERFLOW);
}

/*
 * The one place that counts. Plain adds are exact: the task can't leave its CPU while a program
 * runs (migration is disabled), other programs write other words, and a second run of the same
 * program on that CPU is either impossible (preemption is off in kprobes, and was in trampolines
 * before 5.12) or refused and told as a miss (trampolines: ca06f55b9002, 5.12; tracepoints:
 * 05b24ff9b2cf, 6.1).
 */
static __always_inline void count(__u64 cgroup_id, enum ds_counter counter, __u64 n)
{
	struct ds_counters *entry = bpf_map_lookup_elem(&cgroups, &cgroup_id);

	if (!entry)
		entry = new_entry(cgroup_id);
	if (entry)
		entry->value[counter] += n;
}

/* For events whose payer is unknown. Exact as count() is. */
static __always_inline void count_node(enum ds_counter counter, __u64 n)
{
	struct ds_counters *entry = spill_entry(DS_SPILL_NODE);

	if (entry)
		entry->value[counter] += n;
}

#endif
