// SPDX-License-Identifier: GPL-2.0
/*
 * How long runnable tasks wait for a CPU, by cgroup. A wait begins when a task is woken, or leaves
 * its CPU though it could go on; it ends when the task runs. The cgroup is that of the task that
 * waited.
 *
 * Those of the scheduler run under the lock of the run queue on which the task is, so what they
 * write about a task can't cross. A task that is woken while it still runs (its CPU has not come to
 * schedule) does not wait.
 *
 * Attached in the order of this file: what ends waits comes first, so that no wait begins that
 * nobody ends. Its thread would sleep, and all that sleep would be told as a wait.
 */
#define COUNT_WORDS DS_NR_SCHED_COUNTERS
#include "program.h"
#include "cgroup_id.h"
#include "count.h"
#include "stall.h"

#define TASK_RUNNING 0
#define TASK_DEAD 0x80

/*
 * When each thread's wait began; 0: it runs or sleeps. An entry lives as long as the thread: in the
 * common case no lock is taken. Preallocated, as nothing may be allocated under the run queue's
 * lock.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} wait_starts SEC(".maps");

/* Threads that found no room; the name is what the loader reads. */
__u64 marks_lost;

static __always_inline __u64 state_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return ((struct task_struct___state *)task)->state;
}

static __noinline int first_wait(__u32 pid, __u64 now)
{
	if (bpf_map_update_elem(&wait_starts, &pid, &now, BPF_ANY))
		__sync_fetch_and_add(&marks_lost, 1);
	return 0;
}

/* The state is what __schedule() decided by: the task is not woken elsewhere before it is off its
 * CPU. */
static __always_inline void left(struct task_struct *prev, bool preempt, __u64 now)
{
	__u64 state = state_of(prev);
	__u32 pid = prev->pid;
	__u64 *start;

	if (!pid) /* idle tasks never wait */
		return;
	if (preempt || state == TASK_RUNNING) {
		start = bpf_map_lookup_elem(&wait_starts, &pid);
		if (start)
			*start = now;
		else
			first_wait(pid, now);
	} else if (state & TASK_DEAD) {
		bpf_map_delete_elem(&wait_starts, &pid);
	}
}

/* 0 for less than 2^DS_WAIT_SHIFT ns, then the next for every doubling. */
static __always_inline __u32 bucket_of(__u64 ns)
{
	__u64 units = ns >> DS_WAIT_SHIFT;
	__u32 bucket = 0;

	if (units >> (DS_WAIT_BUCKETS - 1))
		return DS_WAIT_BUCKETS - 1;
	if (units >> 8) {
		units >>= 8;
		bucket = 8;
	}
	if (units >> 4) {
		units >>= 4;
		bucket += 4;
	}
	if (units >> 2) {
		units >>= 2;
		bucket += 2;
	}
	if (units >> 1) {
		units >>= 1;
		bucket += 1;
	}
	return (bucket + units) & (DS_WAIT_BUCKETS - 1);
}

static __always_inline void waited(struct task_struct *task, __u64 now, __u64 ns)
{
	__u64 id = task_cgroup_id(task);
	struct ds_entry *entry = entry_of(id);

	if (entry) {
		entry->value[DS_RUN_QUEUE_WAITS] += 1;
		entry->value[DS_RUN_QUEUE_NS] += ns;
		entry->value[DS_RUN_QUEUE_BUCKETS + bucket_of(ns)] += 1;
	}
	if (ns >= stall_ns)
		tell_stall(task, id, now, ns);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(queue_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 pid = next->pid;
	__u64 *start, began;

	left(prev, preempt, now);
	if (!pid)
		return 0;
	start = bpf_map_lookup_elem(&wait_starts, &pid);
	if (!start || !*start)
		return 0;
	began = *start;
	*start = 0;
	/* Another CPU's clock may be a little ahead. */
	waited(next, now, now > began ? now - began : 0);
	return 0;
}

/*
 * A thread that is not the leader takes the leader's number as it starts a program: under its own
 * nobody ever ends. What the leader left under the other is not its wait.
 */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(queue_exec, struct task_struct *task, __u32 old_pid)
{
	__u32 pid = task->pid;
	__u64 *start;

	if (old_pid == pid)
		return 0;
	bpf_map_delete_elem(&wait_starts, &old_pid);
	start = bpf_map_lookup_elem(&wait_starts, &pid);
	if (start)
		*start = 0;
	return 0;
}

static __always_inline void woken(struct task_struct *task)
{
	__u32 pid = task->pid;
	__u64 *start;

	if (task->on_cpu)
		return;
	start = bpf_map_lookup_elem(&wait_starts, &pid);
	if (!start)
		first_wait(pid, bpf_ktime_get_ns());
	else if (!*start)
		*start = bpf_ktime_get_ns();
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(queue_wakeup, struct task_struct *task)
{
	woken(task);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(queue_wakeup_new, struct task_struct *task)
{
	woken(task);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
