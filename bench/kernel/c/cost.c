// SPDX-License-Identifier: Apache-2.0
/*
 * cost OBJECT CPU ROUNDS RUNS CGROUP.PROCS [V1_CONTROLLER...]: runs the programs of cost.bpf.c in
 * that cgroup, each RUNS times a round and in another order each round. Prints the median ns of a
 * run per program and round, checks that every event was counted, and prints the counts.
 */
#include "bench.h"
#include "globals.h"

#include "../bpf/cost.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dentryscope.h>
#include <sys/stat.h>

#define MAX_CGROUPS 8192 /* twice the default: room for the cgroups of all ways */
#define PLACES (MAX_CGROUPS + DS_NR_RESERVED_PLACES)
#define MAX_PROGRAMS 16
#define WARM_UP_RUNS 3

static struct bpf_object *object;
static struct bpf_program *programs[MAX_PROGRAMS];
static int nr_programs;
static uint64_t runs_made[MAX_PROGRAMS];
static int cpus;

static struct bpf_map *map(const char *name)
{
	struct bpf_map *found = bpf_object__find_map_by_name(object, name);

	if (!found)
		die(name);
	return found;
}

/* The agent's rule on this machine: see cgroup_id.h and hook.cc. */
static struct ds_cgroup_rule rule_of(char **controllers, int count)
{
	struct ds_cgroup_rule rule = {};
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf ? btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM) : -1;

	if (id < 0)
		die("enum cgroup_subsys_id");
	const struct btf_type *type = btf__type_by_id(btf, id);
	for (int i = 0; i < count && rule.nr_v1 < DS_MAX_V1; i++) {
		size_t length = strlen(controllers[i]);

		for (int j = 0; j < btf_vlen(type); j++) {
			const struct btf_enum *value = btf_enum(type) + j;
			const char *name = btf__name_by_offset(btf, value->name_off);

			if (!strncmp(name, controllers[i], length) &&
			    !strcmp(name + length, "_cgrp_id"))
				rule.v1_subsys[rule.nr_v1++] = value->val;
		}
	}
	btf__free(btf);
	return rule;
}

/* The agent's defaults. */
static const __u64 live_seed = 0x5eed;
#define LIVE_SHIFT 8
static const struct ds_live_control live_rate = {
    .mask = (1 << LIVE_SHIFT) - 1, .raise_at = 12288, .raise_by = 513};

static uint64_t colliding_ids[2] = {1ull << 40};

static void find_collision(void)
{
	uint64_t *ids = colliding_ids;

	for (ids[1] = ids[0] + 1; ds_slot(ids[1]) != ds_slot(ids[0]);)
		ids[1]++;
}

/* As CounterTable::prepare() and LiveSample do in the addon. */
static void load(const char *path, const struct ds_cgroup_rule *rule)
{
	uint32_t places = PLACES, gate_bits = ds_gate_bits(LIVE_SHIFT);
	struct bpf_program *program;

	object = bpf_object__open_file(path, NULL);
	if (!object)
		die(path);
	set_global(object, "rule", rule, sizeof(*rule));
	set_global(object, "nr_places", &places, sizeof(places));
	set_global(object, "live_seed", &live_seed, sizeof(live_seed));
	set_global(object, "live_gate_bits", &gate_bits, sizeof(gate_bits));
	set_global(object, "colliding_ids", colliding_ids, sizeof(colliding_ids));
	bpf_map__set_max_entries(map("entries"), places * cpus);
	bpf_map__set_max_entries(map("owners"), places);
	bpf_map__set_max_entries(map("places"), places);
	bpf_map__set_max_entries(map("free_places"), places);
	bpf_map__set_max_entries(map("slots"), DS_NR_SLOTS * cpus);
	bpf_map__set_max_entries(map("live"), 16384);
	if (bpf_object__load(object))
		die(path);
	bpf_object__for_each_program(program, object) programs[nr_programs++] = program;
}

static void prepare_maps(void)
{
	uint32_t first = 0;

	for (uint32_t place = DS_NR_RESERVED_PLACES; place < PLACES; place++)
		if (bpf_map_update_elem(bpf_map__fd(map("free_places")), NULL, &place, 0))
			die("free_places");
	if (bpf_map_update_elem(bpf_map__fd(map("live_control")), &first, &live_rate, 0))
		die("live_control");
}

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

/* Nothing runs any more: no look is in between. */
static uint64_t owed(uint32_t cpu, uint32_t key)
{
	static struct ds_tab tabs[DS_NR_TABS];
	uint32_t first = 0;

	if (cpu >= DS_NR_TABS)
		return 0;
	if (bpf_map_lookup_elem(bpf_map__fd(map(".data.tabs")), &first, tabs))
		die("tabs");
	return tabs[cpu].key == key ? tabs[cpu].allocated - tabs[cpu].settled : 0;
}

static uint64_t place_count(uint32_t place, int word)
{
	uint64_t entry[1 + DS_NR_COUNTERS], sum = 0;

	for (int cpu = 0; cpu < cpus; cpu++) {
		uint32_t key = cpu * PLACES + place;

		if (bpf_map_lookup_elem(bpf_map__fd(map("entries")), &key, entry))
			die("entries");
		sum += entry[1 + word];
		if (word == COST_TAB)
			sum += owed(cpu, key);
	}
	return sum;
}

static uint64_t count_of(uint64_t id, int word)
{
	uint32_t place;

	if (bpf_map_lookup_elem(bpf_map__fd(map("places")), &id, &place))
		die("a cgroup without a place");
	return place_count(place, word);
}

static uint64_t expected(const char *name)
{
	for (int i = 0; i < nr_programs; i++)
		if (!strcmp(bpf_program__name(programs[i]), name))
			return runs_made[i] * COST_EVENTS;
	die(name);
	return 0;
}

/* Each of `ids` cgroups, `step` apart, had the same share. */
static void check(const char *name, uint64_t first, int ids, uint64_t step, int word)
{
	uint64_t all = 0, share = expected(name) / ids;

	for (int i = 0; i < ids; i++) {
		uint64_t counted = count_of(first + i * step, word);

		if (counted != share) {
			fprintf(stderr, "%s: counted %lu of %lu\n", name, counted, share);
			exit(1);
		}
		all += counted;
	}
	printf(",\"%s\":{\"events\":%lu,\"counted\":%lu}", name, expected(name), all);
}

static uint64_t hash_count(const char *name, uint64_t id)
{
	uint64_t values[cpus], sum = 0;
	int parts = strstr(name, "percpu") ? cpus : 1;

	if (bpf_map_lookup_elem(bpf_map__fd(map(name)), &id, values))
		die(name);
	for (int i = 0; i < parts; i++)
		sum += values[i];
	return sum;
}

static void check_hash(const char *program, const char *name, uint64_t id)
{
	uint64_t counted = hash_count(name, id);

	if (counted != expected(program)) {
		fprintf(stderr, "%s: counted %lu of %lu\n", program, counted, expected(program));
		exit(1);
	}
	printf(",\"%s\":{\"events\":%lu,\"counted\":%lu}", program, expected(program), counted);
}

static void check_all(uint64_t id)
{
	uint64_t freed = place_count(DS_PLACE_NODE, DS_FREED_BY_NOBODY);

	printf(",\"counts\":{\"freed\":{\"events\":%lu,\"counted\":%lu}", expected("ours_live"),
	       freed);
	if (freed != expected("ours_live") || place_count(DS_PLACE_OVERFLOW, COST_COUNT))
		die("frees or overflow");
	check("ours", id, 1, 0, COST_COUNT);
	check("ours_tab", id, 1, 0, COST_TAB);
	check("ours_live", id, 1, 0, COST_COUNT_LIVE);
	check("ours_colliding", colliding_ids[0], 2, colliding_ids[1] - colliding_ids[0],
	      COST_COLLIDING);
	check("ours_250", COST_FEW_IDS, COST_NR_FEW, 1, COST_FEW);
	check("ours_4000", COST_MANY_IDS, COST_NR_MANY, 1, COST_MANY);
	check_hash("hash_update", "updated", id);
	check_hash("hash_add", "added", id);
	check_hash("percpu_hash_add", "added_percpu", id);
	printf("}}\n");
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
