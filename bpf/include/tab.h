/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counting without asking whose each time: from one context switch to the next a CPU's events are
 * one cgroup's, unless a task is moved. So each CPU runs up a tab, and says for which entry. Only
 * when the next event is another's does the entry get what is owed to it; until then a reader adds
 * it (native/addon/tabs.hh). An event is a count on one cache line, and no call: to ask is many
 * times the price of the count (docs/overhead.md).
 *
 * Programs are attached in the order of their file and detached in the reverse one: those that
 * keep this true come first, then those that use it. Include after count.h and cgroup_id.h.
 */
#ifndef TAB_H
#define TAB_H

#include "dentryscope.h"

/* A section of its own, which is a map that hooks share and user space reads. CPUs past the last
 * one ask at each event. */
struct ds_tab tabs[DS_NR_TABS] SEC(".data.tabs");

/* The loader's: CPUs that there may be. */
const volatile __u32 nr_cpus = DS_NR_TABS;

static __always_inline struct ds_tab *tab_of(__u64 cpu)
{
	if (cpu >= DS_NR_TABS)
		return NULL;
	/* Or clang takes the address first, with an index that the verifier of 6.1 knows nothing
	 * of. */
	asm volatile("" : "+r"(cpu));
	return &tabs[cpu];
}

/* The task's next event, on this CPU or another, comes after a look at it. */
static __always_inline void task_switched(void)
{
	struct ds_tab *tab = tab_of(bpf_get_smp_processor_id());

	if (tab)
		tab->known = 0;
}

/*
 * To another cgroup, from whatever CPU: one that runs elsewhere meanwhile is not told, so all CPUs
 * ask again. The exchange is a full barrier, so whoever asks and does not see it sees the move; and
 * what was counted before goes where it was run up.
 */
static __always_inline void task_moved(void)
{
	for (__u32 cpu = 0; cpu < DS_NR_TABS && cpu < nr_cpus; cpu++)
		__sync_lock_test_and_set(&tabs[cpu].known, 0);
}

/* The key of the entry that pays for the current task, on this CPU. */
static __always_inline __u32 current_key(__u32 cpu)
{
	__u64 id = current_cgroup_id();
	__u32 *slot = slot_of(id, cpu);
	struct ds_entry *entry = entry_by(slot, id, cpu);

	/* Else the overflow entry: it has no id. */
	if (slot && entry && entry->id == id)
		return *slot;
	return cpu * nr_places + DS_PLACE_OVERFLOW;
}

/*
 * The entry gets what is owed to it, and the next one's tab begins. The exchanges, full barriers,
 * are for the reader: only this CPU writes.
 */
static __noinline int settle(struct ds_tab *tab, __u32 next_key)
{
	struct ds_entry *entry;

	if (!tab)
		return 0;
	entry = bpf_map_lookup_elem(&entries, &tab->key);
	if (!entry)
		return 0;
	__sync_lock_test_and_set(&tab->changes, tab->changes + 1);
	entry->value[DS_DENTRIES_ALLOCATED] += tab->allocated - tab->settled;
	tab->settled = tab->allocated;
	tab->key = next_key;
	__sync_lock_test_and_set(&tab->changes, tab->changes + 1);
	return 0;
}

/* An allocation after a switch or a move. A move that comes in between leaves `known` at 0. */
static __noinline int count_unknown(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct ds_tab *tab = tab_of(cpu);
	__u32 key;

	if (!tab) {
		count(current_cgroup_id(), DS_DENTRIES_ALLOCATED, 1);
		return 0;
	}
	__sync_lock_test_and_set(&tab->known, 1);
	key = current_key(cpu);
	if (key != tab->key)
		settle(tab, key);
	tab->allocated += 1;
	return 0;
}

#endif
