/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The layouts that cross from the kernel to the addon: included by the programs of bpf/ and by
 * native/addon, so there is one declaration of each and TypeScript reads none of them.
 */
#ifndef DENTRYSCOPE_H
#define DENTRYSCOPE_H

#include <linux/types.h>

/*
 * Counters are cumulative since load and never reset: user space takes differences. Every word has
 * one writing program (or only writers that cannot interrupt each other on a CPU), which is what
 * makes a plain add exact; see count.h.
 */

/* Words of a cgroup. What two functions do has a word for each of them. */
enum ds_counter {
	DS_DENTRIES_ALLOCATED, /* without pseudo dentries where the backend can tell them */
	DS_DENTRIES_FREED,
	DS_NEGATIVES_FREED, /* those of them without an inode */
	DS_MISSED_BY_SPLICE,
	DS_MISSED_BY_ADD,
	DS_FOUND_BY_SPLICE,
	DS_FOUND_BY_ADD,
	DS_NEGATIVE_BY_UNLINK,
	DS_INSTANTIATED,
	DS_NR_COUNTERS,
};

/* Words of the place DS_PLACE_NODE, by the same indices. */
enum ds_node_counter {
	DS_PSEUDO_ALLOCATED, /* pipes, sockets, anonymous inodes: no cache growth */
	DS_PSEUDO_FREED,
	DS_FREED_BY_NOBODY, /* the backend does not know who freed */
	DS_ALLOC_UNPAIRED,  /* kprobe entries without a return: in flight, or the return was missed
			     */
	DS_OLD_DIED, /* estimate: dentries older than the probe that died, each sampled one with its
			weight */
	DS_OLD_DIED_VARIANCE,
	DS_NR_NODE_COUNTERS,
};

/* Places that are no cgroup's: see count.h. */
enum ds_place {
	DS_PLACE_OVERFLOW, /* cgroups that found no place of their own */
	DS_PLACE_NODE,	   /* events without a payer, known for the node only */
	DS_NR_RESERVED_PLACES,
};

/*
 * What a CPU has counted and not yet given to an entry, which is owed allocated - settled: see
 * tab.h. A cache line.
 */
struct ds_tab {
	__u64 allocated; /* since load, whoever paid */
	__u64 freed;
	__u32 known;   /* that the next allocation is for the same entry; 0: ask */
	__u32 changes; /* odd while key and settled change */
	__u32 key;     /* of the entry that is owed */
	__u64 settled;
} __attribute__((aligned(64)));

/* A test compiles the programs with fewer tabs than CPUs. */
#ifndef DS_NR_TABS
#define DS_NR_TABS 1024
#endif

/* Slots of a CPU, of four bytes: more than a node has busy cgroups. */
#define DS_SLOT_BITS 12
#define DS_NR_SLOTS (1 << DS_SLOT_BITS)

/*
 * Ids are inode numbers, and a cgroup takes one for each of its files: siblings lie a constant step
 * apart, which may well be 64. The low bits alone would send them all to a few slots.
 */
static __inline__ __u32 ds_slot(__u64 cgroup_id)
{
	return cgroup_id * 0x9e3779b97f4a7c15ull >> (64 - DS_SLOT_BITS);
}

/*
 * Living dentries whose address is in the sample are kept in a map with who allocated them and
 * when. The mask only grows: a dentry that is sampled under a larger one was so under every smaller
 * one.
 */
struct ds_live {
	__u64 cgroup_id;
	__u64 born_ns; /* CLOCK_MONOTONIC */
};

struct ds_live_control {
	__u64 mask;	/* 2^n - 1 */
	__u64 count;	/* entries of the map */
	__u64 raise_at; /* entries at which the program itself raises the mask; 0: nothing is
			   sampled */
	__u64 raise_by; /* and by how much raise_at then grows */
	__u64 lost;	/* births that found no room */
};

/*
 * A word that tells most dentries that are not sampled, in few instructions that have all numbers
 * in themselves: of a sample that starts at 1 in 2^DS_GATE_BITS or less the upper DS_GATE_BITS of
 * it are 0.
 *
 * A slab's objects lie at even steps, of which multiplications by whatever numbers take too many or
 * too few for the standard errors of a random sample. So the second factor is the first one xor the
 * seed: what two addresses give is as independent as the seed is random, and whatever the layout
 * the sample is as good as by the hash below (native/test/live-hash.test.ts; with fewer bits it is
 * not). With an odd seed all results are equally frequent: h + (h ^ seed) is odd, so to turn bit k
 * of h turns bit k of the product, and each even number comes of one even h and of one odd one.
 */
#define DS_GATE_BITS 8
#define DS_GATE_FACTOR 0x6cd2330f

/* Something of the whole address. */
static __inline__ __u32 ds_gate_half(__u64 address)
{
	return address * DS_GATE_FACTOR >> 32;
}

static __inline__ __u32 ds_gate_seed(__u64 seed)
{
	return seed | 1;
}

static __inline__ __u32 ds_live_gate(__u64 address, __u64 seed)
{
	__u32 half = ds_gate_half(address);

	return half * (half ^ ds_gate_seed(seed));
}

/* How many bits of a sample that starts at 1 in 2^shift the gate tells. */
static __inline__ __u32 ds_gate_bits(unsigned shift)
{
	return shift < DS_GATE_BITS ? 0 : DS_GATE_BITS;
}

/* No sampled dentry has a larger ds_live_gate(). */
static __inline__ __u32 ds_most_gate(__u32 gate_bits)
{
	return ~(__u32)0 >> gate_bits;
}

static __inline__ __u64 ds_live_hash(__u64 address, __u64 seed)
{
	__u64 product = (address ^ seed) * 0x9e3779b97f4a7c15ull;
	__u64 mixed = (product ^ product >> 32) * 0xd6e8feb86659fd93ull;

	return mixed ^ mixed >> 32;
}

/* The sample of 1 in mask + 1, of a power of two: the bits that the gate doesn't tell are the
 * hash's. */
static __inline__ int ds_is_sampled(__u64 address, __u64 seed, __u32 gate_bits, __u64 mask)
{
	return ds_live_gate(address, seed) <= ds_most_gate(gate_bits) &&
	       !(ds_live_hash(address, seed) & mask >> gate_bits);
}

/*
 * Marks of the numbers that the loader puts into instructions (constant.h): no other number is one,
 * neither of 64 bits nor of 32.
 */
#define DS_MARKS 0x6d61726b20230000
#define DS_IS_MARK(number) ((number) >> 16 == DS_MARKS >> 16)
#define DS_DENTRY_CACHE (DS_MARKS + 1)

#define DS_WORD_MARKS 0x6d726b00
#define DS_IS_WORD_MARK(number) ((number) >> 8 == DS_WORD_MARKS >> 8)
#define DS_LIVE_SEED (DS_WORD_MARKS + 1) /* its ds_gate_seed() */
#define DS_LIVE_GATE (DS_WORD_MARKS + 2) /* ds_most_gate() */

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

/*
 * Words of a cgroup in the table of the sched programs, which is another than that of the dentries.
 * Bucket i of the waits has those shorter than 2^(DS_WAIT_SHIFT + i) ns; the last one has the rest.
 */
#define DS_WAIT_BUCKETS 16
#define DS_WAIT_SHIFT 14

enum ds_sched_counter {
	DS_RUN_QUEUE_WAITS,
	DS_RUN_QUEUE_NS,
	DS_RUN_QUEUE_BUCKETS,
	DS_LOCK_CONTENTIONS = DS_RUN_QUEUE_BUCKETS + DS_WAIT_BUCKETS,
	DS_LOCK_NS,
	DS_NR_SCHED_COUNTERS,
};

/* A wait beyond the threshold. */
struct ds_stall {
	__u64 end_ns; /* CLOCK_MONOTONIC */
	__u64 duration_ns;
	__u64 cgroup_id;
	__u32 pid; /* of the thread */
	__u32 cpu; /* where it ended */
	char comm[16];
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
