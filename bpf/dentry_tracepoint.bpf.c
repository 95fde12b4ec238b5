// SPDX-License-Identifier: GPL-2.0
/*
 * The same from the slab tracepoints, for kernels that refuse probes. Needs the cache among their
 * arguments (2c1d697fb8ba, 6.1); the loader checks. Pseudo dentries can't be told here, and frees
 * come from RCU callbacks: current is not who freed, so they are counted for the node only. A batch
 * of callbacks that interrupts a run of free_kmem() is refused by the recursion guard and lost to
 * it (the guard tells); allocations are made by tasks only, so alloc_kmem() loses none.
 *
 * raw_tp, not tp_btf: the verifiers of 6.1 and 6.12 refuse to read a `const void *` argument.
 */
#define COUNT_WORDS DS_NR_COUNTERS
#include "program.h"
#include "cgroup_id.h"
#include "count.h"
#include "current.h"
#include "live.h"

/* The cache called "dentry": learnt by name once, a pointer compared ever after. */
__u64 dentry_cache;

/* Apart from its callers: what they need it for once must not cost them registers and stack ever
 * after. */
static __noinline bool learn(const struct kmem_cache *cache)
{
	static const char wanted[] = "dentry";
	char seen[sizeof(wanted)] = {};

	bpf_probe_read_kernel_str(seen, sizeof(seen), BPF_CORE_READ(cache, name));
	for (int i = 0; i < sizeof(wanted); i++)
		if (seen[i] != wanted[i])
			return false;
	dentry_cache = (__u64)cache;
	return true;
}

static __always_inline bool is_dentry_cache(const struct kmem_cache *cache)
{
	if ((__u64)cache == dentry_cache)
		return true;
	return !dentry_cache && learn(cache);
}

SEC("raw_tp/sched_switch")
int alloc_switch(void *ctx)
{
	task_switched();
	return 0;
}

SEC("raw_tp/cgroup_attach_task")
int alloc_attach(void *ctx)
{
	task_moved();
	return 0;
}

/* cgroup v1, when all tasks of a cpuset must go elsewhere. */
SEC("raw_tp/cgroup_transfer_tasks")
int alloc_transfer(void *ctx)
{
	task_moved();
	return 0;
}

SEC("raw_tp/kmem_cache_alloc")
int BPF_PROG(alloc_kmem, unsigned long call_site, const void *object, struct kmem_cache *cache)
{
	struct ds_entry *entry;
	__u64 id = 0;

	if (!is_dentry_cache(cache) || !object)
		return 0;
	entry = entry_of_current(&id);
	if (entry)
		entry->value[DS_DENTRIES_ALLOCATED] += 1;
	live_born(object, id);
	return 0;
}

SEC("raw_tp/kmem_cache_free")
int BPF_PROG(free_kmem, unsigned long call_site, const void *object, const struct kmem_cache *cache)
{
	if (!is_dentry_cache(cache))
		return 0;
	count_node(DS_FREED_BY_NOBODY, 1);
	live_died(object);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
