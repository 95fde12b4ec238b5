// SPDX-License-Identifier: Apache-2.0
/*
 * cost OBJECT CPU ROUNDS RUNS CGROUP.PROCS [V1_CONTROLLER...]: runs the programs of cost.bpf.c in
 * that cgroup, each RUNS times a round and in another order each round. Prints the median ns of a
 * run per program and round, checks that every event was counted, and prints the counts.
 */
#include "cost_counts.h"
#include "cost_object.h"

#include <sys/stat.h>

#define WARM_UP_RUNS 3

static uint64_t run_ns(int program)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int fd = bpf_program__fd(programs[program]);
	uint64_t started = clock_ns(CLOCK_MONOTONIC);
	int err = bpf_prog_test_run_opts(fd, &opts);
	uint64_t ended = clock_ns(CLOCK_MONOTONIC);

	if (err)
		die("BPF_PROG_TEST_RUN");
	runs_made[program]++;
	return ended - started;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t median_ns(int program, int runs)
{
	uint64_t ns[runs];

	for (int i = 0; i < WARM_UP_RUNS; i++)
		run_ns(program);
	for (int i = 0; i < runs; i++)
		ns[i] = run_ns(program);
	qsort(ns, runs, sizeof(*ns), by_size);
	return ns[runs / 2];
}

static void measure(int rounds, int runs)
{
	printf("{\"events\":%d,\"rounds\":[", COST_EVENTS);
	for (int round = 0; round < rounds; round++) {
		printf("%s{", round ? "," : "");
		for (int i = 0; i < nr_programs; i++) {
			int program = (i + round) % nr_programs;

			printf("%s\"%s\":%lu", i ? "," : "", bpf_program__name(programs[program]),
			       median_ns(program, runs));
		}
		printf("}");
		fprintf(stderr, "round %d/%d\n", round + 1, rounds);
	}
	printf("]");
}

static uint64_t cgroup_id_of(const char *procs)
{
	struct stat st;
	char *dir = strdup(procs);

	*strrchr(dir, '/') = 0;
	if (stat(dir, &st))
		die(dir);
	free(dir);
	return st.st_ino;
}

int main(int argc, char **argv)
{
	if (argc < 6)
		return 2;
	struct ds_cgroup_rule rule = rule_of(argv + 6, argc - 6);

	cpus = libbpf_num_possible_cpus();
	find_collision();
	pin(atoi(argv[2]));
	enter_cgroup(argv[5]);
	load(argv[1], &rule);
	prepare_maps();
	measure(atoi(argv[3]), atoi(argv[4]));
	check_all(cgroup_id_of(argv[5]));
	return 0;
}
