/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs counted, when none runs any more: an event too few or too many ends the
 * benchmark. */
#ifndef COST_COUNTS_H
#define COST_COUNTS_H

#include "cost_object.h"

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

#endif
