/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events for what takes long. A shrinker works in batches (1024 objects of a superblock): one call
 * of prune_dcache_sb() is short even when the reclaim of a superblock takes seconds. So calls that
 * one do_shrink_slab() makes are one event, closed by its tracepoint mm_shrink_slab_end.
 */
#ifndef RECLAIM_EVENT_H
#define RECLAIM_EVENT_H

#include "reclaim_flight.h"

struct file_system_type___reclaim {
	const char *name;
} __core;

struct super_block___reclaim {
	char s_id[DS_SB_NAME_MAX];
	struct file_system_type___reclaim *s_type;
} __core;

const volatile __u64 event_min_ns = 1000000;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} reclaims SEC(".maps");

struct run {
	__u64 superblock;
	struct ds_reclaim_event event;
};

/* LRU: a scan that was asked for through debugfs has no tracepoint at its end. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct run);
} runs SEC(".maps");

static __always_inline void emit(const struct ds_reclaim_event *event)
{
	struct ds_reclaim_control *books;

	if (event->duration_ns < event_min_ns)
		return;
	if (!bpf_ringbuf_output(&reclaims, (void *)event, sizeof(*event), 0))
		return;
	books = reclaim_books();
	if (books)
		__sync_fetch_and_add(&books->events_lost, 1);
}

static __always_inline void describe(struct ds_reclaim_event *event, const struct flight *flight)
{
	struct super_block___reclaim *sb = (void *)flight->superblock;
	struct file_system_type___reclaim *type = BPF_CORE_READ(sb, s_type);

	event->start_ns = flight->start_ns;
	event->kind = flight->kind;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_core_read_str(event->superblock, sizeof(event->superblock), &sb->s_id);
	bpf_probe_read_kernel_str(event->filesystem, sizeof(event->filesystem),
				  BPF_CORE_READ(type, name));
	bpf_get_current_comm(event->comm, sizeof(event->comm));
}

static __always_inline void add_call(struct ds_reclaim_event *event, const struct flight *flight,
				     __u64 ns, __u64 scanned)
{
	event->duration_ns += ns;
	event->freed += flight->freed;
	event->scanned += scanned;
	event->calls += 1;
	event->cpu = bpf_get_smp_processor_id();
}

static __always_inline void entered_one(enum ds_reclaim_scope scope, enum ds_reclaim_kind kind,
					void *sb, __u64 stack)
{
	struct flight fresh = {
	    .stack = stack,
	    .superblock = (__u64)sb,
	    .kind = kind,
	};

	enter(scope, &fresh);
}

/* remount and umount: one call, one event. */
static __always_inline void left_one(enum ds_reclaim_scope scope, __u64 stack)
{
	struct ds_reclaim_event event = {};
	struct flight flight;
	__u64 ns;

	if (!leave(scope, stack, &flight))
		return;
	ns = bpf_ktime_get_ns() - flight.start_ns;
	event.cgroup_id = current_cgroup_id();
	account(event.cgroup_id, flight.kind, ns, flight.freed);
	if (ns < event_min_ns)
		return;
	describe(&event, &flight);
	add_call(&event, &flight, ns, 0);
	emit(&event);
}

#endif
