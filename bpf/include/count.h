/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exact counts by cgroup, at the price of a few loads.
 *
 * Each cgroup has a place, and each place an entry on every CPU. The counts never move: what a CPU
 * caches in its direct-mapped slots is only where a cgroup's entry is, and an entry carries the id
 * of its cgroup, so a slot that two cgroups fight over costs time and never a count. A cgroup's
 * first event on a CPU, or one after such a fight, finds its place in a hash; when all places are
 * taken the event goes to DS_PLACE_OVERFLOW, which is reported.
 *
 * Define COUNT_WORDS, the counters of an entry, before including this.
 */
#ifndef COUNT_H
#define COUNT_H

#include "dentryscope.h"

struct ds_entry {
	__u64 id;
	__u64 value[COUNT_WORDS];
};

/* The loader gives the maps their sizes: entries for nr_places * CPUs, slots for DS_NR_SLOTS *
 * CPUs. */
const volatile __u32 nr_places = 1;

/* The entry of (cpu, place) is at cpu * nr_places + place. User space reads it in place. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ds_entry);
} entries SEC(".maps");

/* Whose a place is; 0 nobody's. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} owners SEC(".maps");

/* Preallocated, as hooks in the slab allocator must not allocate. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u32);
} places SEC(".maps");

/* First in, first out: a place that was given back rests as long as it can. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__uint(key_size, 0);
	__uint(value_size, sizeof(__u32));
} free_places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, DS_NR_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} slots SEC(".maps");

static __always_inline struct ds_entry *entry_at(__u32 cpu, __u32 place)
{
	__u32 key = cpu * nr_places + place;

	return bpf_map_lookup_elem(&entries, &key);
}

static __always_inline void set_owner(__u32 place, __u64 id)
{
	__u64 *owner = bpf_map_lookup_elem(&owners, &place);

	if (owner)
		*owner = id;
}

static __noinline __u32 place_of(__u64 id)
{
	__u32 *known = bpf_map_lookup_elem(&places, &id);
	__u32 fresh = DS_PLACE_OVERFLOW;

	if (known)
		return *known;
	if (bpf_map_pop_elem(&free_places, &fresh))
		return DS_PLACE_OVERFLOW;
	set_owner(fresh, id);
	if (!bpf_map_update_elem(&places, &id, &fresh, BPF_NOEXIST))
		return fresh;
	/* Another CPU was first (-EEXIST), or the bucket is busy below us on this one (-EBUSY). */
	set_owner(fresh, 0);
	bpf_map_push_elem(&free_places, &fresh, 0);
	known = bpf_map_lookup_elem(&places, &id);
	return known ? *known : DS_PLACE_OVERFLOW;
}

static __noinline struct ds_entry *find_entry(__u64 id, __u32 cpu, __u32 *slot)
{
	__u32 place = place_of(id);
	struct ds_entry *entry = entry_at(cpu, place);

	if (entry && place != DS_PLACE_OVERFLOW && slot) {
		entry->id = id;
		*slot = cpu * nr_places + place;
	}
	return entry;
}

static __always_inline __u32 *slot_of(__u64 id, __u32 cpu)
{
	__u32 key = cpu * DS_NR_SLOTS + ds_slot(id);

	return bpf_map_lookup_elem(&slots, &key);
}

static __always_inline struct ds_entry *entry_by(__u32 *slot, __u64 id, __u32 cpu)
{
	struct ds_entry *entry;

	if (!slot)
		return entry_at(cpu, DS_PLACE_OVERFLOW);
	/* A slot holds the key itself. 0, at first, is the overflow of CPU 0, which has no id. */
	entry = bpf_map_lookup_elem(&entries, slot);
	if (entry && entry->id == id)
		return entry;
	return find_entry(id, cpu, slot);
}

static __always_inline struct ds_entry *entry_of(__u64 id)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return entry_by(slot_of(id, cpu), id, cpu);
}

/*
 * Plain adds are exact: the task can't leave its CPU while a program runs (migration is disabled),
 * other programs write other words, and a second run of the same program on that CPU is either
 * impossible (preemption is off in kprobes, and was in trampolines before 5.12) or refused and told
 * as a miss (trampolines: ca06f55b9002, 5.12; tracepoints: 05b24ff9b2cf, 6.1).
 */
static __always_inline void count(__u64 cgroup_id, __u32 word, __u64 n)
{
	struct ds_entry *entry = entry_of(cgroup_id);

	if (entry)
		entry->value[word] += n;
}

/* For what has no payer. Exact as count() is. */
static __always_inline void count_node(__u32 word, __u64 n)
{
	struct ds_entry *entry = entry_at(bpf_get_smp_processor_id(), DS_PLACE_NODE);

	if (entry)
		entry->value[word] += n;
}

#endif
