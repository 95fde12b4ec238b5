/* SPDX-License-Identifier: Apache-2.0 */
/*
 * miss_moved, miss_moved_threads: a task that runs while another moves it. They talk through shared
 * memory alone: a system call, or a CPU that is left, would tell the programs what only the move
 * must.
 */
#ifndef WORKLOAD_MOVED_H
#define WORKLOAD_MOVED_H

#include "workload_ops.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

/* Of these many misses one is made before the move. */
#define MOVED_SHARE 3
/* After these it lets the CPU go. */
#define KEEP_SECONDS 5

enum stage { RUNS, TO_BE_MOVED, MOVED, NOT_MOVED };

static _Atomic enum stage *stage;
/* How often the task left its CPU from the last miss before the move to the first after it. */
static long moved_switches;

static inline void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
	/* Neither is to wait for ever for the other. */
	alarm(120);
}

/* Nobody but the kernel's own highest takes the CPU from it. */
static inline void keep_cpu(int cpu)
{
	struct sched_param parameter = {.sched_priority = 1};

	stay_on(cpu);
	if (sched_setscheduler(0, SCHED_FIFO, &parameter))
		die("sched_setscheduler");
}

static inline long switches(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage))
		die("getrusage");
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

/* Forked before the cgroup is entered, it stays outside; `procs` is where the parent is to go. */
static inline void start_mover(int procs)
{
	int pid = getpid();

	stage =
	    mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stage == MAP_FAILED)
		die("mmap");
	int mover = fork();

	if (mover < 0)
		die("fork");
	if (mover)
		return;
	stay_on(0);
	while (*stage != TO_BE_MOVED)
		sched_yield();
	*stage = dprintf(procs, "%d", pid) > 0 ? MOVED : NOT_MOVED;
	_exit(0);
}

/* By the vDSO: no system call. */
static inline time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* As any other task; that is a switch, and told. */
static inline void let_cpu_go(void)
{
	struct sched_param parameter = {};

	if (sched_setscheduler(0, SCHED_OTHER, &parameter))
		die("sched_setscheduler");
	usleep(1000);
}

/*
 * The move waits for an RCU grace period, and that for this CPU: for ever where its soft interrupts
 * once took so long that the kernel left them to ksoftirqd, which does not run beside a real-time
 * task. So it is not kept for ever.
 */
static inline void wait_for_move(void)
{
	time_t until = seconds() + KEEP_SECONDS;

	*stage = TO_BE_MOVED;
	while (*stage == TO_BE_MOVED) {
		if (seconds() > until)
			let_cpu_go();
	}
	if (*stage != MOVED)
		die("not moved");
}

static inline void *run_moved(void *count)
{
	long n = *(long *)count, before = n / MOVED_SHARE;

	keep_cpu(1);
	for (long i = 0; i < n; i++) {
		set_name(i);
		if (i == before - 1)
			moved_switches = -switches();
		if (i == before)
			wait_for_move();
		miss();
		if (i == before)
			moved_switches += switches();
	}
	return NULL;
}

/* The thread that waits is the one whose number is written: all of them are moved. */
static inline void run_moved_thread(long n)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, run_moved, &n);
	if (!errno)
		errno = pthread_join(thread, NULL);
	if (errno)
		die("thread");
}

#endif
