// SPDX-License-Identifier: GPL-2.0
/*
 * What one event costs inside the program: each way of counting in a loop of COST_EVENTS, run by
 * BPF_PROG_TEST_RUN. bpf_loop() (e6f2dd0f8067, 5.17) with a static callback is inlined to a direct
 * call, and `nothing` has the same loop.
 */
#define COUNT_WORDS DS_NR_COUNTERS
#include "program.h"
#include "cgroup_id.h"
#include "count.h"
#include "live.h"
#include "tab.h"
#include "cost.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u64);
} updated SEC(".maps"), added SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u64);
} added_percpu SEC(".maps");

#define MEASURE(name, i)                                                                           \
	static __always_inline void name##_event(__u32 i);                                         \
	static int name##_step(__u32 i, void *unused)                                              \
	{                                                                                          \
		name##_event(i);                                                                   \
		return 0;                                                                          \
	}                                                                                          \
	SEC("raw_tp")                                                                              \
	int name(void *ctx)                                                                        \
	{                                                                                          \
		bpf_loop(COST_EVENTS, name##_step, NULL, 0);                                       \
		return 0;                                                                          \
	}                                                                                          \
	static __always_inline void name##_event(__u32 i)

MEASURE(nothing, i)
{
	barrier_var(i);
}

/* An allocation as in dentry_fentry.bpf.c, without the sample. */
MEASURE(ours, i)
{
	count(current_cgroup_id(), COST_COUNT, 1);
}

/* As in dentry_tracepoint.bpf.c, without the sample. No switch comes in between: one is a store. */
MEASURE(ours_tab, i)
{
	struct ds_tab *tab = tab_of(bpf_get_smp_processor_id());

	if (tab && tab->known)
		tab->allocated += 1;
	else
		count_unknown();
}

/* An allocation and the free of the same dentry, each with the sample. */
MEASURE(ours_live, i)
{
	void *dentry = (void *)(0xffff888000000000 + (__u64)i * 192);
	__u64 id = current_cgroup_id();

	count(id, COST_COUNT_LIVE, 1);
	live_born(dentry, id);
	count_node(DS_FREED_BY_NOBODY, 1);
	live_died(dentry);
}

/* Two cgroups of one slot take turns: each event finds the other's entry there. */
const volatile __u64 colliding_ids[2] = {};

MEASURE(ours_colliding, i)
{
	count(colliding_ids[i & 1], COST_COLLIDING, 1);
}

MEASURE(ours_250, i)
{
	count(COST_FEW_IDS + i % COST_NR_FEW, COST_FEW, 1);
}

/* More than there are slots: nearly every event finds another's entry. */
MEASURE(ours_4000, i)
{
	count(COST_MANY_IDS + i % COST_NR_MANY, COST_MANY, 1);
}

/* How it is usually done: the helper, a hash, and the new count put into it at each event. */
MEASURE(hash_update, i)
{
	__u64 id = bpf_get_current_cgroup_id();
	__u64 *known = bpf_map_lookup_elem(&updated, &id);
	__u64 count = known ? *known + 1 : 1;

	bpf_map_update_elem(&updated, &id, &count, BPF_ANY);
}

MEASURE(hash_add, i)
{
	__u64 id = bpf_get_current_cgroup_id();
	__u64 *known = bpf_map_lookup_elem(&added, &id);
	__u64 first = 1;

	if (known)
		__sync_fetch_and_add(known, 1);
	else
		bpf_map_update_elem(&added, &id, &first, BPF_NOEXIST);
}

MEASURE(percpu_hash_add, i)
{
	__u64 id = bpf_get_current_cgroup_id();
	__u64 *known = bpf_map_lookup_elem(&added_percpu, &id);
	__u64 first = 1;

	if (known)
		*known += 1;
	else
		bpf_map_update_elem(&added_percpu, &id, &first, BPF_NOEXIST);
}

char LICENSE[] SEC("license") = "GPL";
