/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A task in a function that frees dentries, from its entry to its return; every __dentry_kill() of
 * the task in between is counted. Include after reclaim.h.
 *
 * Reclaim may run inside what frees dentries (an umount writes inodes out, needs memory, prunes
 * another file system): the outermost call owns all of it. A nested call lies deeper in the stack
 * than the one it is nested in, and only some can be nested at all (holds()). Any other says that
 * the return of the older was lost, as kretprobes are when more are in flight than they have
 * instances: the flight begins anew, and the lost one shows as entered and never left.
 */
#ifndef RECLAIM_FLIGHT_H
#define RECLAIM_FLIGHT_H

#include "reclaim.h"

struct flight {
	__u64 stack;
	__u64 start_ns;
	__u64 freed;
	__u64 superblock;
	__u64 control; /* struct shrink_control, 0 for none */
	__u64 to_scan;
	__u32 scope;
	__u32 kind;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct flight);
} flights SEC(".maps");

/* A return sees the stack where the entry did, or higher by the return address. */
#define STACK_SLACK 16

static __always_inline void running(__s64 n)
{
	struct ds_reclaim_control *books = reclaim_books();

	if (books)
		__sync_fetch_and_add(&books->running, n);
}

/* The flight of a call whose return was lost is over. */
static __always_inline void give_up(__u64 scope)
{
	asm volatile("%0 &= %1" : "+r"(scope) : "i"(DS_MAX_SCOPES - 1));
	scope_flies(scope, -1);
}

/*
 * Whether a call in `scope` can be inside that one. Who reclaims memory gets all that he asks for
 * without reclaim (PF_MEMALLOC); who drops caches does not. Nothing unmounts or remounts from
 * there.
 */
static __always_inline bool holds(const struct flight *outer, enum ds_reclaim_scope scope)
{
	if (scope != DS_SCOPE_PRUNE)
		return false;
	return outer->scope != DS_SCOPE_PRUNE || outer->kind == DS_RECLAIM_DROP_CACHES;
}

static __always_inline void enter(enum ds_reclaim_scope scope, struct flight *fresh)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct flight *outer = bpf_map_lookup_elem(&flights, &task);
	__u64 lost = 0;

	if (outer && holds(outer, scope) && fresh->stack < outer->stack)
		return;
	if (outer)
		lost = outer->scope;
	scope_entered(scope);
	fresh->scope = scope;
	fresh->start_ns = bpf_ktime_get_ns();
	/* Full: entered and never left. */
	if (bpf_map_update_elem(&flights, &task, fresh, BPF_ANY))
		return;
	if (outer)
		give_up(lost);
	else
		running(1);
	scope_flies(scope, 1);
}

/* @returns whether the outermost call of the task ends here; `flight` is what it was */
static __always_inline bool leave(enum ds_reclaim_scope scope, __u64 stack, struct flight *flight)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct flight *own = bpf_map_lookup_elem(&flights, &task);

	/* Compared, not subtracted: by trampoline the stack is told as a pointer. */
	if (!own || own->scope != scope || stack < own->stack || stack > own->stack + STACK_SLACK)
		return false;
	*flight = *own;
	bpf_map_delete_elem(&flights, &task);
	running(-1);
	scope_left(scope);
	return true;
}

/* Of a task that ends nothing is in flight: what is there has lost its return. */
static __always_inline void task_ended(void)
{
	struct ds_reclaim_control *books = reclaim_books();
	__u64 task = bpf_get_current_pid_tgid();
	struct flight *own;
	__u64 lost;

	if (!books || !books->running)
		return;
	own = bpf_map_lookup_elem(&flights, &task);
	if (!own)
		return;
	lost = own->scope;
	bpf_map_delete_elem(&flights, &task);
	running(-1);
	give_up(lost);
}

/* On the path of every dentry that dies: one load while nobody reclaims. */
static __always_inline void count_kill(void)
{
	struct ds_reclaim_control *books = reclaim_books();
	struct flight *flight;
	__u64 task;

	if (!books || !books->running)
		return;
	task = bpf_get_current_pid_tgid();
	flight = bpf_map_lookup_elem(&flights, &task);
	if (flight)
		flight->freed += 1;
}

#endif
