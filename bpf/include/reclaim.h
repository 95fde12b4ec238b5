/* SPDX-License-Identifier: GPL-2.0 */
/* Sums by cgroup and kind, and the books of what is in flight: shared by all reclaim programs. */
#ifndef RECLAIM_H
#define RECLAIM_H

#include "cgroup_id.h"
#include "reclaim_types.h"

/* Preallocated: memory is what is short here. The loader sizes it and puts in the overflow, id 0 of
 * each kind. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DS_NR_RECLAIM_KINDS);
	__type(key, struct ds_reclaim_key);
	__type(value, struct ds_reclaim_sum);
} reclaimed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ds_reclaim_control);
} reclaim_control SEC(".maps");

static __always_inline struct ds_reclaim_control *reclaim_books(void)
{
	__u32 first = 0;

	return bpf_map_lookup_elem(&reclaim_control, &first);
}

static __always_inline void scope_entered(enum ds_reclaim_scope scope)
{
	struct ds_reclaim_control *books = reclaim_books();

	if (books)
		__sync_fetch_and_add(&books->scope[scope].entered, 1);
}

static __always_inline void scope_flies(enum ds_reclaim_scope scope, __s64 n)
{
	struct ds_reclaim_control *books = reclaim_books();

	if (books)
		__sync_fetch_and_add(&books->scope[scope].in_flight, n);
}

static __always_inline void scope_left(enum ds_reclaim_scope scope)
{
	struct ds_reclaim_control *books = reclaim_books();

	if (!books)
		return;
	__sync_fetch_and_add(&books->scope[scope].in_flight, -1);
	__sync_fetch_and_add(&books->scope[scope].left, 1);
}

static __always_inline struct ds_reclaim_sum *sum_of(struct ds_reclaim_key *key)
{
	struct ds_reclaim_sum *sum = bpf_map_lookup_elem(&reclaimed, key);
	struct ds_reclaim_sum zero = {};

	if (sum)
		return sum;
	bpf_map_update_elem(&reclaimed, key, &zero, BPF_NOEXIST);
	sum = bpf_map_lookup_elem(&reclaimed, key);
	if (sum)
		return sum;
	key->cgroup_id = 0;
	return bpf_map_lookup_elem(&reclaimed, key);
}

/* Rare enough (a call frees hundreds) for atomic adds. */
static __always_inline void account(__u64 cgroup_id, __u32 kind, __u64 ns, __u64 freed)
{
	struct ds_reclaim_key key = {.cgroup_id = cgroup_id, .kind = kind};
	struct ds_reclaim_sum *sum = sum_of(&key);

	if (!sum)
		return;
	__sync_fetch_and_add(&sum->events, 1);
	__sync_fetch_and_add(&sum->ns, ns);
	/* An add of the constant 0 would be compiled to an atomic or, which 5.10 does not know. */
	if (freed)
		__sync_fetch_and_add(&sum->freed, freed);
}

#endif
