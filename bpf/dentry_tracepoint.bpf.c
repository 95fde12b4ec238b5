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
#include "constant.h"
#include "count.h"
#include "current.h"
#include "live.h"

/* The cache called "dentry": learnt by name before the others are loaded, with its address in them.
 */
__u64 dentry_cache;

#define DENTRY_CACHE ds_constant(DS_DENTRY_CACHE)

/* The tracepoints' arguments: call_site, object, cache, of which a free has no more. */
#define OBJECT(ctx) ((const void *)(ctx)[1])
#define CACHE(ctx) ((ctx)[2])

SEC("raw_tp/kmem_cache_alloc")
int learn_kmem(__u64 *ctx)
{
	static const char wanted[] = "dentry";
	struct kmem_cache *cache = (struct kmem_cache *)CACHE(ctx);
	char seen[sizeof(wanted)] = {};

	bpf_probe_read_kernel_str(seen, sizeof(seen), BPF_CORE_READ(cache, name));
	for (int i = 0; i < sizeof(wanted); i++)
		if (seen[i] != wanted[i])
			return 0;
	dentry_cache = (__u64)cache;
	return 0;
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

/*
 * Told by the first step of the hash alone, with no load: one in 2^DS_GATE_BITS is looked at again.
 */
static __always_inline bool passes_gate(const void *object)
{
	__u64 product = ds_live_product((__u64)object, ds_constant(DS_LIVE_SEED));

	return unlikely(product <= ds_constant(DS_LIVE_GATE));
}

/* Apart from their callers, as what follows a sampled one in live.h. Whose it is costs more than to
 * know first that somebody will ask. */
static __noinline int allocated_past_gate(const void *object)
{
	if (may_be_sampled(object))
		live_born(object, current_cgroup_id());
	return 0;
}

static __noinline int freed_past_gate(const void *object)
{
	live_died(object);
	return 0;
}

static __noinline int allocated_after_switch(const void *object)
{
	struct ds_entry *entry = ask_current();

	if (entry)
		entry->value[DS_DENTRIES_ALLOCATED] += 1;
	return allocated_past_gate(object);
}

/*
 * Most objects of the slab are no dentries, and the kernel has used the caches since the last one,
 * that of instructions too: for those not one load but of the arguments, and the end of the program
 * right here. The compiler would put it behind all the rest, in a cache line of its own.
 */
static __always_inline void leave_others(const __u64 *ctx)
{
	if (CACHE(ctx) != DENTRY_CACHE) {
		asm volatile("r0 = 0\n\texit");
		__builtin_unreachable();
	}
}

SEC("raw_tp/kmem_cache_alloc")
int alloc_kmem(__u64 *ctx)
{
	struct ds_entry *entry;
	const void *object;

	leave_others(ctx);
	object = OBJECT(ctx);
	if (!object)
		return 0;
	entry = kept_entry();
	if (!entry)
		return allocated_after_switch(object);
	entry->value[DS_DENTRIES_ALLOCATED] += 1;
	if (passes_gate(object))
		allocated_past_gate(object);
	return 0;
}

SEC("raw_tp/kmem_cache_free")
int free_kmem(__u64 *ctx)
{
	const void *object;

	leave_others(ctx);
	object = OBJECT(ctx);
	count_node(DS_FREED_BY_NOBODY, 1);
	if (passes_gate(object))
		freed_past_gate(object);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
