/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A task in a function that frees dentries, from its entry to its return; every __dentry_kill() of
 * the task in between is counted. Include after reclaim.h.
 *
 * Reclaim may run inside reclaim (an umount writes inodes out, needs memory, prunes another file
 * system): the outermost call owns all of it. A nested call lies deeper in the stack than the one
 * it is nested in. One that doesn't says that the return of the older was lost, as kretprobes are
 * when more are in flight than they have instances: the flight begins anew, and the lost one shows
 * as entered and never left.
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

/* Where a return sees the stack a little higher or lower than the entry did; far less than a frame
 * of the functions between two nested calls. */
#define STACK_SLACK 64

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

static __always_inline void enter(enum ds_reclaim_scope scope, struct flight *fresh)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct flight *outer = bpf_map_lookup_elem(&flights, &task);
	__u64 lost = 0;

	if (outer && fresh->stack < outer->stack)
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

	if (!own || own->scope != scope || stack + STACK_SLACK < own->stack)
		return false;
	*flight = *own;
	bpf_map_delete_elem(&flights, &task);
	running(-1);
	scope_left(scope);
	return true;
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
