// SPDX-License-Identifier: Apache-2.0
/*
 * storm CPU DIR CGROUP.PROCS: for each line N on standard input, looks N names up that were never
 * there, in a fresh directory, and prints {"wallNs","cpuNs","loopsNs"} of these N lookups once the
 * directory is gone, and with it the negative dentries. One process for all rounds, so that none
 * pays for a start.
 *
 * loopsNs is what two equal loops took, one before the lookups and one after them, which never
 * enter the kernel: no program of any way slows them, only the pace at which this processor runs
 * just then does (its clock, a neighbour on the same core or host).
 */
#include "bench.h"

#include <sys/stat.h>

static void look_up(long n)
{
	char name[32];

	for (long i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "miss%ld", i);
		if (!access(name, F_OK) || errno != ENOENT)
			die(name);
	}
}

/* Four chains at once: a sibling thread that is busy takes units from them, as it does from the
 * kernel. */
static uint64_t loop_ns(void)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	uint64_t a = 1, b = 2, c = 3, d = 4;

	for (long i = 0; i < 200000; i++) {
		a = a * 3 + (b >> 7);
		b = b * 5 + (c >> 7);
		c = c * 7 + (d >> 7);
		d = d * 9 + (a >> 7);
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
	}
	return clock_ns(CLOCK_MONOTONIC) - start;
}

static int meminfo;

static long reclaimable_kib(void)
{
	char text[4096];
	ssize_t size = pread(meminfo, text, sizeof(text) - 1, 0);

	text[size > 0 ? size : 0] = 0;
	char *at = strstr(text, "SReclaimable:");
	return at ? atol(at + sizeof("SReclaimable:") - 1) : 0;
}

/*
 * RCU callbacks free the dentries on this CPU after the directory is gone: the next storm must not
 * pay for them. Waits until the slab shrinks no more.
 */
static void settle(void)
{
	struct timespec pause = {0, 20 * 1000 * 1000};
	long before, now = reclaimable_kib();

	do {
		before = now;
		nanosleep(&pause, NULL);
		now = reclaimable_kib();
	} while (now < before);
}

static void storm(const char *dir, long n)
{
	if (mkdir(dir, 0700) || chdir(dir))
		die(dir);
	uint64_t before = loop_ns();
	uint64_t wall = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	look_up(n);
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = clock_ns(CLOCK_MONOTONIC) - wall;
	uint64_t after = loop_ns();
	if (chdir("..") || rmdir(dir))
		die(dir);
	settle();
	printf("{\"wallNs\":%lu,\"cpuNs\":%lu,\"loopsNs\":[%lu,%lu]}\n", wall, cpu, before, after);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char dir[32];
	long n;

	if (argc != 4)
		return 2;
	pin(atoi(argv[1]));
	if (chdir(argv[2]))
		die(argv[2]);
	meminfo = open("/proc/meminfo", O_RDONLY);
	if (meminfo < 0)
		die("/proc/meminfo");
	enter_cgroup(argv[3]);
	/* Under an old name a directory would find its own negative dentry. */
	for (int round = 0; scanf("%ld", &n) == 1; round++) {
		snprintf(dir, sizeof(dir), "storm%d", round);
		storm(dir, n);
	}
	return 0;
}
