/* SPDX-License-Identifier: Apache-2.0 */
/* cost.bpf.c as it is loaded: with the maps, the rule and the sample of the agent's defaults. */
#ifndef COST_OBJECT_H
#define COST_OBJECT_H

#include "bench.h"
#include "globals.h"

#include "../bpf/cost.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dentryscope.h>

#define MAX_CGROUPS 8192 /* twice the default: room for the cgroups of all ways */
#define PLACES (MAX_CGROUPS + DS_NR_RESERVED_PLACES)
#define MAX_PROGRAMS 16

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

#endif
