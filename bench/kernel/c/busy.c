// SPDX-License-Identifier: Apache-2.0
/*
 * busy DIR HELD LOOKUPS PERIOD_MS CGROUP...: a child in each cgroup (v2) looks HELD names up that
 * were never there, whose negative dentries stay; then LOOKUPS every PERIOD_MS in a directory that
 * it empties now and then, until standard input ends. Prints "ready" once all hold what they
 * should.
 */
#include "bench.h"
#include "fork_into.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#define ROUNDS_KEPT 64

static void look_up(const char *dir, int lookups, int round)
{
	char name[96];

	for (int i = 0; i < lookups; i++) {
		snprintf(name, sizeof(name), "%s/miss%d.%d", dir, round, i);
		access(name, F_OK);
	}
}

static void hold(int child, int held)
{
	char dir[32];

	snprintf(dir, sizeof(dir), "held%d", child);
	if (mkdir(dir, 0700))
		die(dir);
	look_up(dir, held, 0);
}

static void be_busy(int child, int lookups, int period_ms)
{
	char dir[32];
	struct timespec period = {period_ms / 1000, period_ms % 1000 * 1000000L};
	/* Not all at the same moment. */
	struct timespec first = {0, child % 997 * 1000000L};

	snprintf(dir, sizeof(dir), "busy%d", child);
	nanosleep(&first, NULL);
	for (int round = 0;; round++) {
		if (round % ROUNDS_KEPT == 0) {
			rmdir(dir);
			if (mkdir(dir, 0700))
				die(dir);
		}
		look_up(dir, lookups, round);
		nanosleep(&period, NULL);
	}
}

static void child(int number, char **argv, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	hold(number, atoi(argv[2]));
	close(ready);
	be_busy(number, atoi(argv[3]), atoi(argv[4]));
}

int main(int argc, char **argv)
{
	int ready[2];
	char none;

	if (argc < 6)
		return 2;
	if (chdir(argv[1]))
		die(argv[1]);
	if (pipe(ready))
		die("pipe");
	for (int i = 5; i < argc; i++)
		if (!fork_into(argv[i]))
			child(i, argv, ready[1]);
	close(ready[1]);
	/* Ends when the last child has closed it. */
	if (read(ready[0], &none, 1))
		die("read");
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		continue;
	return 0;
}
