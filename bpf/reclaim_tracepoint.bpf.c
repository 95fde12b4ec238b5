// SPDX-License-Identifier: GPL-2.0
/*
 * What tracepoints tell on every kernel: tasks that reclaim memory of any sort before they get
 * some, and each shrinker's work. Ends are attached before beginnings.
 */
#include "program.h"
#include "reclaim.h"

struct shrinker___reclaim {
	unsigned long (*scan_objects)(void);
	/* With CONFIG_SHRINKER_DEBUG since 6.0 (e33c267ab70d). */
	const char *name;
} __core;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u64);
} direct_starts SEC(".maps");

static __always_inline int direct_began(void)
{
	__u64 task = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
	bool again = bpf_map_lookup_elem(&direct_starts, &task);

	scope_entered(DS_SCOPE_MEMORY);
	if (!bpf_map_update_elem(&direct_starts, &task, &now, BPF_ANY) && !again)
		scope_flies(DS_SCOPE_MEMORY, 1);
	return 0;
}

static __always_inline int direct_ended(void)
{
	__u64 task = bpf_get_current_pid_tgid();
	__u64 *start = bpf_map_lookup_elem(&direct_starts, &task);
	__u64 ns;

	if (!start)
		return 0;
	ns = bpf_ktime_get_ns() - *start;
	bpf_map_delete_elem(&direct_starts, &task);
	scope_left(DS_SCOPE_MEMORY);
	account(current_cgroup_id(), DS_RECLAIM_MEMORY, ns, 0);
	return 0;
}

SEC("raw_tp/mm_vmscan_direct_reclaim_end")
int direct_end(void *ctx)
{
	return direct_ended();
}

SEC("raw_tp/mm_vmscan_memcg_reclaim_end")
int direct_memcg_end(void *ctx)
{
	return direct_ended();
}

SEC("raw_tp/mm_vmscan_direct_reclaim_begin")
int direct_begin(void *ctx)
{
	return direct_began();
}

SEC("raw_tp/mm_vmscan_memcg_reclaim_begin")
int direct_memcg_begin(void *ctx)
{
	return direct_began();
}

/* By function and name, not by address: a superblock's shrinker dies with it, and its address is
 * soon another's. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, struct ds_shrinker_key);
	__type(value, struct ds_shrinker_sum);
} shrinkers SEC(".maps");

/* A shrinker may need memory and so run others: by both. */
struct shrink_call {
	__u64 task;
	__u64 shrinker;
};

struct shrink_start {
	__u64 ns;
	__u64 total_scan;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct shrink_call);
	__type(value, struct shrink_start);
} shrink_starts SEC(".maps");

static __always_inline struct ds_shrinker_sum *shrinker_sum(struct shrinker___reclaim *shrinker)
{
	struct ds_shrinker_key key = {
	    .scan_objects = (__u64)BPF_CORE_READ(shrinker, scan_objects),
	};
	struct ds_shrinker_sum zero = {}, *sum;

	if (bpf_core_field_exists(shrinker->name))
		bpf_probe_read_kernel_str(key.name, sizeof(key.name),
					  BPF_CORE_READ(shrinker, name));
	sum = bpf_map_lookup_elem(&shrinkers, &key);
	if (sum)
		return sum;
	bpf_map_update_elem(&shrinkers, &key, &zero, BPF_NOEXIST);
	sum = bpf_map_lookup_elem(&shrinkers, &key);
	if (sum)
		return sum;
	__builtin_memset(&key, 0, sizeof(key));
	return bpf_map_lookup_elem(&shrinkers, &key);
}

SEC("raw_tp/mm_shrink_slab_end")
int BPF_PROG(shrinkers_end, struct shrinker___reclaim *shrinker, int nid, int freed, long unused,
	     long deferred, long total_scan)
{
	struct shrink_call call = {bpf_get_current_pid_tgid(), (__u64)shrinker};
	struct shrink_start *start = bpf_map_lookup_elem(&shrink_starts, &call);
	struct ds_shrinker_sum *sum;

	if (!start)
		return 0;
	sum = shrinker_sum(shrinker);
	if (sum) {
		__sync_fetch_and_add(&sum->calls, 1);
		__sync_fetch_and_add(&sum->ns, bpf_ktime_get_ns() - start->ns);
		__sync_fetch_and_add(&sum->scanned, start->total_scan - total_scan);
		__sync_fetch_and_add(&sum->freed, freed > 0 ? freed : 0);
	}
	bpf_map_delete_elem(&shrink_starts, &call);
	scope_left(DS_SCOPE_SHRINKER);
	return 0;
}

SEC("raw_tp/mm_shrink_slab_start")
int BPF_PROG(shrinkers_start, struct shrinker___reclaim *shrinker, void *sc, long deferred,
	     unsigned long cache_items, unsigned long long delta, unsigned long total_scan)
{
	struct shrink_call call = {bpf_get_current_pid_tgid(), (__u64)shrinker};
	struct shrink_start start = {bpf_ktime_get_ns(), total_scan};
	bool again = bpf_map_lookup_elem(&shrink_starts, &call);

	scope_entered(DS_SCOPE_SHRINKER);
	if (!bpf_map_update_elem(&shrink_starts, &call, &start, BPF_ANY) && !again)
		scope_flies(DS_SCOPE_SHRINKER, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
