/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose the events of this CPU are, without asking each time: from one context switch to the next
 * it is the same cgroup, unless a task is moved. So each CPU keeps the key of its entry until
 * either. Where returns are safe ones (SRSO), the one helper call that tells the task is about half
 * of an event.
 *
 * Programs are attached in the order of their file and detached in the reverse one: those that
 * keep this true come first, then those that use it. Include after count.h and cgroup_id.h.
 */
#ifndef CURRENT_H
#define CURRENT_H

#include "dentryscope.h"

/*
 * The lower half is the key, the upper half the count of moves at which it was so. At first 0, the
 * overflow of CPU 0: no cgroup's.
 *
 * A cache line a CPU, beside the program's other variables: a map of its own would cost a look-up
 * and a page more to translate. CPUs past the last one ask at each event.
 */
struct kept_key {
	__u64 key;
	__u64 pad[7];
};

#define KEPT_CPUS 1024
struct kept_key kept_keys[KEPT_CPUS] __attribute__((aligned(sizeof(struct kept_key))));

/* Tasks moved to another cgroup, on whatever CPU: one that runs elsewhere meanwhile is not told,
 * so all CPUs ask again. */
__u32 moves;

static __always_inline struct kept_key *kept_by(__u32 cpu)
{
	__u64 index = cpu;

	if (index >= KEPT_CPUS)
		return NULL;
	/* Or clang takes the address first, with an index that the verifier of 6.1 knows nothing
	 * of. */
	asm volatile("" : "+r"(index));
	return &kept_keys[index];
}

/* The task's next event, on this CPU or another, comes after a look at both. */
static __always_inline void task_switched(void)
{
	struct kept_key *kept = kept_by(bpf_get_smp_processor_id());

	if (kept)
		kept->key = 0;
}

static __always_inline void task_moved(void)
{
	__sync_fetch_and_add(&moves, 1);
}

static __noinline struct ds_entry *ask_current(void)
{
	/* Before the cgroup: a move after this look is seen by the next event. */
	__u64 at = *(volatile __u32 *)&moves;
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 id = current_cgroup_id();
	struct kept_key *kept = kept_by(cpu);
	__u32 *slot = slot_of(id, cpu);
	struct ds_entry *entry = entry_by(slot, id, cpu);

	/* Not the overflow entry: it has no id, and this cgroup may find a place later. */
	if (kept && slot && entry && entry->id == id)
		kept->key = at << 32 | *slot;
	return entry;
}

/* @returns what entry_of(current_cgroup_id()) does. */
static __always_inline struct ds_entry *entry_of_current(void)
{
	struct kept_key *kept = kept_by(bpf_get_smp_processor_id());
	struct ds_entry *entry;
	__u32 key;

	if (unlikely(!kept || kept->key >> 32 != moves))
		return ask_current();
	key = kept->key;
	entry = bpf_map_lookup_elem(&entries, &key);
	/* An entry loses its id when its cgroup is gone. */
	if (unlikely(!entry || !entry->id))
		return ask_current();
	return entry;
}

#endif
