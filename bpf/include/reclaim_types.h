/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The layouts of reclaim that cross from the kernel to the addon: see dentryscope.h. */
#ifndef RECLAIM_TYPES_H
#define RECLAIM_TYPES_H

#include <linux/types.h>

/* Why dentries were freed; the last is reclaim of memory of any sort. */
enum ds_reclaim_kind {
	DS_RECLAIM_PRESSURE,
	DS_RECLAIM_DIRECT,
	DS_RECLAIM_DROP_CACHES,
	DS_RECLAIM_REMOUNT,
	DS_RECLAIM_UMOUNT,
	DS_RECLAIM_MEMORY,
	DS_NR_RECLAIM_KINDS,
};

struct ds_reclaim_key {
	__u64 cgroup_id; /* who paid; 0: those that found no room */
	__u32 kind;
	__u32 pad;
};

/* Cumulative since load. */
struct ds_reclaim_sum {
	__u64 events;
	__u64 ns;
	__u64 freed; /* dentries */
};

/* What is entered and left. */
enum ds_reclaim_scope {
	DS_SCOPE_PRUNE,
	DS_SCOPE_REMOUNT,
	DS_SCOPE_UMOUNT,
	DS_SCOPE_MEMORY,
	DS_SCOPE_SHRINKER,
};

/* Room for scopes, a power of two: the verifier wants an index masked. */
#define DS_MAX_SCOPES 8

struct ds_scope_books {
	__u64 entered;
	__u64 left; /* less than entered: in flight now, or lost */
	__u64 in_flight;
};

struct ds_reclaim_control {
	__u64 running;	   /* flights in which dentries are counted */
	__u64 events_lost; /* the ring was full */
	struct ds_scope_books scope[DS_MAX_SCOPES];
};

#define DS_SB_NAME_MAX 32

/* Calls of one task for one superblock, for one reason, one after the other. */
struct ds_reclaim_event {
	__u64 start_ns;	   /* CLOCK_MONOTONIC, of the first call */
	__u64 duration_ns; /* in the calls, not between them */
	__u64 freed;
	__u64 scanned; /* 0: the path does not count them */
	__u64 cgroup_id;
	__u64 shrunk_id; /* the memory cgroup that was shrunk; 0: none but the root */
	__u32 kind;
	__u32 cpu;
	__u32 pid;
	__u32 calls;
	char superblock[DS_SB_NAME_MAX];
	char filesystem[DS_SB_NAME_MAX];
	char comm[16];
};

/* Which shrinker: names are there with CONFIG_SHRINKER_DEBUG only. */
struct ds_shrinker_key {
	__u64 scan_objects; /* its function's address; 0: those that found no room */
	char name[40];
};

struct ds_shrinker_sum {
	__u64 calls;
	__u64 ns;
	__u64 scanned;
	__u64 freed;
};

#endif
