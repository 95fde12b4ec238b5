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
#include "live.h"
#include "tab.h"

/* The cache called "dentry": learnt by name before the others are loaded, with its address in them.
 */
__u64 dentry_cache;

#define DENTRY_CACHE ds_constant(DS_DENTRY_CACHE)

/* The tracepoints' arguments: call_site, object, cache, of which a free has no more. */
#define OBJECT(ctx) ((const void *)(ctx)[1])
#define CACHE(ctx) ((ctx)[2])

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
int learn_kmem(__u64 *ctx)
{
	static const char wanted[] = "dentry";
	struct kmem_cache *cache = (struct kmem_cache *)CACHE(ctx);
	/* One more: a longer name that begins so is another. */
	char seen[sizeof(wanted) + 1] = {};

	bpf_probe_read_kernel_str(seen, sizeof(seen), BPF_CORE_READ(cache, name));
	for (int i = 0; i < sizeof(wanted); i++)
		if (seen[i] != wanted[i])
			return 0;
	dentry_cache = (__u64)cache;
	return 0;
}

/*
 * ds_live_gate(), with the seed in the instruction. One in 2^DS_GATE_BITS of all dentries has at
 * most DS_LIVE_GATE, and is looked at again: told with no load.
 */
static __always_inline __u32 gate(const void *object)
{
	__u64 half = ds_gate_half((__u64)object), seeded = half;

	ds_xor_constant(seeded, DS_LIVE_SEED);
	return half * seeded;
}

/*
 * Apart from their callers, as what follows a sampled one in live.h; and the arguments once more,
 * so that those need not keep the object. Whose it is costs more than to know first that somebody
 * will ask.
 */
static __noinline int allocated_past_gate(__u64 *ctx)
{
	const void *object = OBJECT(ctx);

	if (may_be_sampled(object))
		live_born(object, current_cgroup_id());
	return 0;
}

static __noinline int freed_past_gate(__u64 *ctx)
{
	live_died(OBJECT(ctx));
	return 0;
}

static __noinline int allocated_after_switch(__u64 *ctx)
{
	count_unknown();
	return allocated_past_gate(ctx);
}

static __noinline int freed_without_tab(__u64 *ctx)
{
	count_node(DS_FREED_BY_NOBODY, 1);
	return freed_past_gate(ctx);
}

/*
 * Most objects of the slab are no dentries, and the kernel has used the caches since the last one,
 * that of instructions too: for those not one load but of the arguments, no jump, and the end of
 * the program right here. A CPU's number that is too large has a call of its own: a verifier that
 * knows how many CPUs there are (6.18's does) takes that away, and the comparison with it.
 */
SEC("raw_tp/kmem_cache_alloc")
int alloc_kmem(__u64 *ctx)
{
	const void *object;
	__u64 cpu;

	jump_if(CACHE(ctx), "==", DENTRY_CACHE, dentry);
done:
	LEAVE();
dentry:
	cpu = cpu_beside(&ctx);
	object = OBJECT(ctx);
	jump_if(object, "==", 0, done);
	jump_if(cpu, ">", DS_NR_TABS - 1, no_tab);
	jump_if_word(tabs[cpu].known, "==", 0, unknown);
	tabs[cpu].allocated += 1;
	jump_if_word(gate(object), ">", DS_LIVE_GATE, done);
	allocated_past_gate(ctx);
	LEAVE();
unknown:
	allocated_after_switch(ctx);
	LEAVE();
no_tab:
	APART();
	allocated_after_switch(ctx);
	LEAVE();
}

SEC("raw_tp/kmem_cache_free")
int free_kmem(__u64 *ctx)
{
	__u64 cpu;

	jump_if(CACHE(ctx), "==", DENTRY_CACHE, dentry);
done:
	LEAVE();
dentry:
	cpu = cpu_beside(&ctx);
	jump_if(cpu, ">", DS_NR_TABS - 1, no_tab);
	tabs[cpu].freed += 1;
	jump_if_word(gate(OBJECT(ctx)), ">", DS_LIVE_GATE, done);
	freed_past_gate(ctx);
	LEAVE();
no_tab:
	freed_without_tab(ctx);
	LEAVE();
}

char LICENSE[] SEC("license") = "GPL";
