// SPDX-License-Identifier: GPL-2.0
/*
 * Waits for kernel locks, by cgroup (lock:contention_begin and _end, 16edd9b511a1, 5.19).
 *
 * The end is told with the lock held, which may be one that BPF's own maps take: what runs here
 * takes none. So waits are kept in a direct-mapped array, and a cgroup that has no place yet (the
 * run queue's programs give them) counts as overflow. The ring does lock, but only for waits that
 * no map's lock has.
 *
 * Attached in the order of this file: ends come first, so that no wait begins that nobody ends. A
 * mutex of the same thread would be taken for it later, however long after.
 */
#define COUNT_WORDS DS_NR_SCHED_COUNTERS
#include "program.h"
#include "cgroup_id.h"
#include "count.h"
#include "stall.h"

#define NR_WAITS 65536
#define LCB_F_MUTEX (1U << 5)

struct wait {
	__u64 waiter;
	__u64 lock;
	__u64 start_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NR_WAITS);
	__type(key, __u32);
	__type(value, struct wait);
} waits SEC(".maps");

/* Ends whose begin was not seen, or another wait had taken the place of; the name is what the
 * loader reads. */
__u64 marks_lost;

/* That begins are seen. */
__u64 begins;

/* All idle tasks have the pid 0; in an interrupt the task is the one that it interrupted. */
static __always_inline __u64 waiter(void)
{
	__u32 pid = bpf_get_current_pid_tgid();

	return pid ? pid : 1ull << 32 | bpf_get_smp_processor_id();
}

static __always_inline struct wait *wait_of(__u64 lock, __u64 who)
{
	__u32 slot = ds_live_hash(lock, who) & (NR_WAITS - 1);

	return bpf_map_lookup_elem(&waits, &slot);
}

/* As entry_of(), but a cgroup without a place is given none. */
static __always_inline struct ds_entry *known_entry(__u64 id)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 *place = bpf_map_lookup_elem(&places, &id);
	struct ds_entry *entry = entry_at(cpu, place ? *place : DS_PLACE_OVERFLOW);

	if (entry && place)
		entry->id = id;
	return entry;
}

static __always_inline void ended(__u64 start_ns)
{
	__u64 now = bpf_ktime_get_ns();
	__u64 id = current_cgroup_id();
	struct ds_entry *entry = known_entry(id);
	__u64 ns = now - start_ns;

	if (entry) {
		entry->value[DS_LOCK_CONTENTIONS] += 1;
		entry->value[DS_LOCK_NS] += ns;
	}
	if (ns >= stall_ns)
		tell_stall((struct task_struct *)bpf_get_current_task(), id, now, ns);
}

SEC("raw_tp/contention_end")
int BPF_PROG(lock_end, void *lock, int error)
{
	__u64 who = waiter();
	struct wait *wait = wait_of((__u64)lock, who);

	if (!begins)
		return 0;
	if (!wait || wait->waiter != who || wait->lock != (__u64)lock) {
		__sync_fetch_and_add(&marks_lost, 1);
		return 0;
	}
	wait->waiter = 0;
	ended(wait->start_ns);
	return 0;
}

SEC("raw_tp/contention_begin")
int BPF_PROG(lock_begin, void *lock, unsigned int flags)
{
	__u64 who = waiter();
	struct wait *wait = wait_of((__u64)lock, who);

	if (!begins)
		begins = 1;
	if (!wait)
		return 0;
	/* A mutex begins anew each time its first waiter turns from sleeping to spinning: one wait.
	 */
	if ((flags & LCB_F_MUTEX) && wait->waiter == who && wait->lock == (__u64)lock)
		return 0;
	wait->waiter = who;
	wait->lock = (__u64)lock;
	wait->start_ns = bpf_ktime_get_ns();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
