/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The layouts that cross from the kernel to the addon: included by the programs of bpf/ and by
 * native/addon, so there is one declaration of each and TypeScript reads none of them.
 */
#ifndef DENTRYSCOPE_H
#define DENTRYSCOPE_H

#include <linux/types.h>

/*
 * Cumulative since load, never reset: user space takes differences. Every word has one writing
 * program (or only writers that cannot interrupt each other on a CPU), which is what makes a plain
 * add exact; see count.h.
 */
enum ds_counter {
	DS_DENTRIES_ALLOCATED, /* without pseudo dentries where the backend can tell them */
	DS_PSEUDO_ALLOCATED,   /* pipes, sockets, anonymous inodes: no cache growth */
	DS_ALLOC_FAILED,       /* counted at entry by the kprobe backend, then returned NULL */
	DS_PSEUDO_FAILED,      /* those of DS_ALLOC_FAILED that were pseudo */
	DS_DENTRIES_FREED,
	DS_PSEUDO_FREED,
	DS_ALLOC_UNPAIRED, /* kprobe entries without a return: in flight, or the return was missed
			    */
	DS_NR_COUNTERS,
};

struct ds_counters {
	__u64 value[DS_NR_COUNTERS];
};

/* Entries of the map `spill`: what could not be counted under a cgroup. */
enum ds_spill {
	DS_SPILL_OVERFLOW, /* the map of cgroups was full */
	DS_SPILL_NODE,	   /* events without a payer, known for the node only */
	DS_NR_SPILL,
};

#define DS_MAX_V1 3

/* Which cgroup pays: see current_cgroup_id() in cgroup_id.h. */
struct ds_cgroup_rule {
	__u32 prefer_v1;
	__u32 nr_v1;
	__u32 v1_subsys[DS_MAX_V1]; /* enum cgroup_subsys_id of this kernel */
};

/* kn->id says which cgroup of its hierarchy, the top byte which hierarchy (0 is cgroup v2). */
#define DS_HIERARCHY_SHIFT 56

enum ds_cgroup_event_kind {
	DS_CGROUP_MKDIR,
	DS_CGROUP_RMDIR,
};

#define DS_PATH_MAX 512

struct ds_cgroup_event {
	__u64 id;
	__u32 hierarchy;
	__u32 kind;
	__s32 path_size; /* with the NUL, negative errno when unreadable; DS_PATH_MAX may mean
			    truncated */
	__u32 pad;
	char path[DS_PATH_MAX];
};

#endif
