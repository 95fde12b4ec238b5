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
 * Of a CPU: the key of the entry, or one that no entry has; 0 after a switch, the overflow of CPU
 * 0, which is no cgroup's. A key is all that an event asks for: what is out of bounds is found by
 * the look-up itself.
 *
 * A cache line each, beside the program's other variables: a map of its own would cost a look-up
 * and a page more to translate. CPUs past the last one ask at each event.
 */
struct kept_key {
	__u32 key;
	__u32 pad[15];
};

#define KEPT_CPUS 1024
struct kept_key kept_keys[KEPT_CPUS] __attribute__((aligned(sizeof(struct kept_key))));

#define KEY_ASKING 0xfffffffe
#define KEY_MOVED 0xffffffff

/* The loader's: CPUs that there may be. */
const volatile __u32 nr_cpus = KEPT_CPUS;

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

/* The task's next event, on this CPU or another, comes after a look at it. */
static __always_inline void task_switched(void)
{
	struct kept_key *kept = kept_by(bpf_get_smp_processor_id());

	if (kept)
		kept->key = 0;
}

/*
 * To another cgroup, from whatever CPU: one that runs elsewhere meanwhile is not told, so all CPUs
 * ask again. One that is asking just now finds that its question is no longer the last word. The
 * exchange is a full barrier, so whoever does not see it sees the move.
 */
static __always_inline void task_moved(void)
{
	for (__u32 cpu = 0; cpu < KEPT_CPUS && cpu < nr_cpus; cpu++)
		__sync_lock_test_and_set(&kept_keys[cpu].key, KEY_MOVED);
}

/* @returns what entry_of(current_cgroup_id()) does, and keeps it for the next event. */
static __noinline struct ds_entry *ask_current(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct kept_key *kept = kept_by(cpu);
	struct ds_entry *entry;
	__u32 *slot;
	__u64 id;

	if (kept)
		__sync_lock_test_and_set(&kept->key, KEY_ASKING);
	id = current_cgroup_id();
	slot = slot_of(id, cpu);
	entry = entry_by(slot, id, cpu);
	/* Not the overflow entry: it has no id, and this cgroup may find a place later. */
	if (kept && slot && entry && entry->id == id)
		__sync_val_compare_and_swap(&kept->key, KEY_ASKING, *slot);
	return entry;
}

/* The same where it is kept, else NULL: ask_current() then. An entry loses its id when its cgroup
 * is gone. */
static __always_inline struct ds_entry *kept_entry(void)
{
	struct kept_key *kept = kept_by(bpf_get_smp_processor_id());
	struct ds_entry *entry;

	if (!kept)
		return NULL;
	entry = bpf_map_lookup_elem(&entries, &kept->key);
	return entry && entry->id ? entry : NULL;
}

#endif
