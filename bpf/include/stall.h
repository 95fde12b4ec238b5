/* SPDX-License-Identifier: GPL-2.0 */
/* A ring of waits that were too long: one for each program, which can't wait for itself. */
#ifndef STALL_H
#define STALL_H

#include "dentryscope.h"
#include "kernel_types.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} stalls SEC(".maps");

/* The loader's; ~0 tells none. */
const volatile __u64 stall_ns = ~0ull;
__u64 stalls_lost;

static __noinline int tell_stall(struct task_struct *task, __u64 cgroup_id, __u64 end_ns,
				 __u64 duration_ns)
{
	struct ds_stall *stall = bpf_ringbuf_reserve(&stalls, sizeof(*stall), 0);

	if (!stall) {
		__sync_fetch_and_add(&stalls_lost, 1);
		return 0;
	}
	stall->end_ns = end_ns;
	stall->duration_ns = duration_ns;
	stall->cgroup_id = cgroup_id;
	stall->cpu = bpf_get_smp_processor_id();
	bpf_core_read(&stall->pid, sizeof(stall->pid), &task->pid);
	bpf_core_read(&stall->comm, sizeof(stall->comm), &task->comm);
	/* User space polls; to wake it here would be a wakeup within a wakeup. */
	bpf_ringbuf_submit(stall, BPF_RB_NO_WAKEUP);
	return 0;
}

#endif
