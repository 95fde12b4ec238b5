/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who holds the dentries: a sample of the living ones, by a hash of their address. Include after
 * count.h.
 *
 * Most cost two multiplications at most. The map must not fill up between two looks of user space:
 * past raise_at entries the program halves the rate itself, and user space removes what the new
 * mask leaves out.
 */
#ifndef LIVE_H
#define LIVE_H

#include "dentryscope.h"

#define EEXIST 17
#define ENOENT 2

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct ds_live);
} live SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ds_live_control);
} live_control SEC(".maps");

/*
 * The loader's. A mask never shrinks, so what the gate leaves out is told without a look at
 * `control`, whose line every CPU writes. What stands in the instructions (constant.h) can't be had
 * here: some of this is in functions that the programs call.
 */
__u64 live_seed;
__u32 live_gate_bits;

static __always_inline struct ds_live_control *live_rate(void)
{
	__u32 first = 0;

	return bpf_map_lookup_elem(&live_control, &first);
}

/*
 * The dentry's address as a number. A trampoline's arguments are typed pointers, and the one
 * operation that the verifier lets make a number of them is the difference of two: there all
 * addresses count from that of `control`.
 */
static __always_inline __u64 live_key(const void *dentry, struct ds_live_control *control)
{
	__u64 key = (__u64)dentry;

#ifdef TYPED_POINTERS
	asm volatile("%0 -= %1" : "+r"(key) : "r"(control));
#endif
	return key;
}

static __always_inline bool is_left_out(__u64 key)
{
	return ds_live_gate(key, live_seed) > ds_most_gate(live_gate_bits);
}

static __always_inline bool is_sampled(__u64 key, const struct ds_live_control *control)
{
	if (is_left_out(key))
		return false;
	/* Until user space has set it up, and where nobody sees the deaths, nothing is sampled. */
	return control->raise_at && ds_is_sampled(key, live_seed, live_gate_bits, control->mask);
}

/*
 * Most are left out by this alone, which reads one line. Not where addresses count from that of
 * `control` (live_key()).
 */
static __always_inline bool may_be_sampled(const void *dentry)
{
#ifdef TYPED_POINTERS
	return true;
#else
	return !is_left_out((__u64)dentry);
#endif
}

static __noinline int keep_live(__u64 key, __u64 cgroup_id, struct ds_live_control *control)
{
	struct ds_live born = {.cgroup_id = cgroup_id, .born_ns = bpf_ktime_get_ns()};
	long err = bpf_map_update_elem(&live, &key, &born, BPF_NOEXIST);

	if (!control)
		return 0;
	/* Its death was missed: the address is somebody else's now. */
	if (err == -EEXIST)
		err = bpf_map_update_elem(&live, &key, &born, BPF_EXIST);
	else if (!err)
		__sync_fetch_and_add(&control->count, 1);
	if (err)
		__sync_fetch_and_add(&control->lost, 1);
	if (control->count >= control->raise_at) {
		control->raise_at += control->raise_by;
		control->mask = control->mask << 1 | 1;
	}
	return 0;
}

/*
 * `control` where the dentry is in the sample, and its key; NULL for all others. What the few need
 * after it stays out of the many's way: registers and stack are saved for all of them.
 */
static __always_inline struct ds_live_control *sampled_by(const void *dentry, __u64 *key)
{
	struct ds_live_control *control;

	if (!may_be_sampled(dentry))
		return NULL;
	control = live_rate();
	if (!control)
		return NULL;
	*key = live_key(dentry, control);
	return is_sampled(*key, control) ? control : NULL;
}

static __always_inline void live_born(const void *dentry, __u64 cgroup_id)
{
	__u64 key = 0;
	struct ds_live_control *control = sampled_by(dentry, &key);

	if (control)
		keep_live(key, cgroup_id, control);
}

/*
 * One that is not there is older than the sample, and stands for all that are not sampled. One that
 * is there and could not be removed (its bucket was locked beneath us: -EBUSY) stays until its
 * address is somebody else's: keep_live() sees that.
 */
static __noinline int sampled_died(__u64 key, struct ds_live_control *control)
{
	__u64 weight;
	long err;

	if (!control)
		return 0;
	err = bpf_map_delete_elem(&live, &key);
	if (!err) {
		__sync_fetch_and_add(&control->count, -1);
		return 0;
	}
	if (err != -ENOENT)
		return 0;
	weight = control->mask + 1;
	count_node(DS_OLD_DIED, weight);
	count_node(DS_OLD_DIED_VARIANCE, weight * (weight - 1));
	return 0;
}

static __always_inline void live_died(const void *dentry)
{
	__u64 key = 0;
	struct ds_live_control *control = sampled_by(dentry, &key);

	if (control)
		sampled_died(key, control);
}

/* What should not have been kept: when it is not there, it is no old one. */
static __always_inline void live_forget(const void *dentry)
{
	__u64 key = 0;
	struct ds_live_control *control = sampled_by(dentry, &key);

	if (control && !bpf_map_delete_elem(&live, &key))
		__sync_fetch_and_add(&control->count, -1);
}

#endif
