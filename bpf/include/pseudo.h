/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Telling pseudo dentries at allocation. d_alloc_pseudo() calls __d_alloc() exactly once: a mark
 * made at its entry is taken by the next __d_alloc() of the same task. By task, not by CPU: an
 * allocation may sleep in reclaim and wake up elsewhere. While no task holds a mark (nearly always)
 * the price is the load of `pseudo_marked`.
 */
#ifndef PSEUDO_H
#define PSEUDO_H

#include "kernel_types.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u8);
} pseudo_marks SEC(".maps");

volatile __u64 pseudo_marked;
__u64 marks_lost;

static __always_inline void mark_pseudo(void)
{
	__u64 task = bpf_get_current_pid_tgid();
	__u8 mark = 1;
	long err = bpf_map_update_elem(&pseudo_marks, &task, &mark, BPF_NOEXIST);

	if (!err)
		__sync_fetch_and_add(&pseudo_marked, 1);
	else if (err != -17 /* EEXIST: left by a missed __d_alloc(), good for this one */)
		__sync_fetch_and_add(&marks_lost, 1);
}

static __always_inline bool take_pseudo_mark(void)
{
	__u64 task;

	if (!pseudo_marked)
		return false;
	task = bpf_get_current_pid_tgid();
	if (bpf_map_delete_elem(&pseudo_marks, &task))
		return false;
	__sync_fetch_and_add(&pseudo_marked, -1);
	return true;
}

/*
 * DCACHE_NORCU: "only d_alloc_pseudo() has any business doing so" (filesystems/porting). Its value
 * is the loader's: a CO-RE enum that vmlinux doesn't know sends libbpf to look through the modules,
 * for which CAP_BPF is not enough.
 */
const volatile __u32 dcache_norcu = 0x40000000;

static __always_inline bool is_pseudo(unsigned int d_flags)
{
	return d_flags & dcache_norcu;
}

#endif
