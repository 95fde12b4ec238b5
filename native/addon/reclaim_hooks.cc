// SPDX-License-Identifier: Apache-2.0
#include "reclaim_hooks.hh"

#include "libbpf_log.hh"

#include <bpf/bpf.h>
#include <cerrno>

namespace dentryscope
{

const std::vector<const char *> reclaim_maps = {
    "reclaimed", "reclaim_control", "flights", "reclaims", "runs", "dropping"};

template <typename Key, typename Sum>
static void make_overflow(const BpfObject &object, const char *map, const Key &key)
{
	Sum zero = {};

	if (bpf_map_update_elem(object.map_fd(map), &key, &zero, BPF_NOEXIST) && errno != EEXIST)
		throw BpfError(std::string("fill map ") + map + ": " + errno_text(errno));
}

/* Before the first program runs: what finds no room is counted under the id 0. */
static void make_overflows(const BpfObject &object)
{
	for (uint32_t kind = 0; kind < DS_NR_RECLAIM_KINDS; kind++) {
		ds_reclaim_key key = {0, kind, 0};
		make_overflow<ds_reclaim_key, ds_reclaim_sum>(object, "reclaimed", key);
	}
}

/* A cgroup has an entry for each kind. */
static auto sized(const Options &options)
{
	return [&options](const std::string &, BpfObject &object, const KernelBtf &) {
		object.set_max_entries("reclaimed",
				       (options.max_cgroups + 1) * DS_NR_RECLAIM_KINDS);
	};
}

/* mm_shrink_slab of a superblock is dentries, inodes and what else the file system keeps. */
static void check_backend(const std::string &backend, const KernelBtf &)
{
	if (backend == "tracepoint")
		throw BpfError("no tracepoint tells reclaim of dentries: mm_shrink_slab of a "
			       "superblock mixes them with inodes and the file system's own "
			       "caches");
}

Hook reclaim_hook(const char *name, const char *prefix, const Options &options,
		  uint64_t event_min_ns)
{
	Hook::Spec spec = {.name = name, .stem = "reclaim", .prefix = prefix};

	spec.check = check_backend;
	spec.prepare = [&options, event_min_ns](const std::string &backend, BpfObject &object,
						const KernelBtf &btf) {
		sized(options)(backend, object, btf);
		object.set_global("event_min_ns", &event_min_ns, sizeof(event_min_ns));
		object.set_max_entries("reclaims", options.event_ring_bytes);
	};
	spec.first = make_overflows;
	return Hook(spec);
}

Hook memory_reclaim_hook(const Options &options)
{
	Hook::Spec spec = {.name = "reclaim_direct", .stem = "reclaim", .prefix = "direct_"};

	spec.prepare = sized(options);
	spec.tracepoint_only = true;
	spec.first = make_overflows;
	return Hook(spec);
}

Hook shrinkers_hook(const Options &options)
{
	Hook::Spec spec = {.name = "shrinkers", .stem = "reclaim", .prefix = "shrinkers_"};

	spec.prepare = sized(options);
	spec.tracepoint_only = true;
	spec.first = make_overflows;
	spec.attached = [](const std::string &, BpfObject &object) {
		make_overflow<ds_shrinker_key, ds_shrinker_sum>(object, "shrinkers", {});
	};
	return Hook(spec);
}

} // namespace dentryscope
