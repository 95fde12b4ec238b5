// SPDX-License-Identifier: Apache-2.0
#include "dentry_hooks.hh"

#include "checks.hh"
#include "counter_table.hh"

#include <fcntl.h>
#include <unistd.h>

namespace dentryscope
{

/* The cache's address, from the first dentry that a program of the same file sees: a pipe has one.
 */
static uint64_t learn_dentry_cache(const std::string &path)
{
	BpfObject object(path, "learn_");
	uint64_t cache = 0;
	int ends[2];

	object.load();
	object.attach();
	for (int i = 0; i < 3 && !cache; i++) {
		if (pipe2(ends, O_CLOEXEC))
			continue;
		close(ends[0]);
		close(ends[1]);
		cache = object.read_global("dentry_cache");
	}
	if (!cache)
		throw BpfError("no slab cache called \"dentry\" was seen");
	return cache;
}

/* The kernel makes it at its start, and never another. */
static uint64_t dentry_cache(const std::string &path)
{
	static const uint64_t cache = learn_dentry_cache(path);

	return cache;
}

/* Slab tracepoints see objects come and go, not what becomes of them. */
static void check_tracepoint(const std::string &prefix, const KernelBtf &kernel)
{
	if (prefix != "alloc_" && prefix != "free_")
		throw BpfError("no tracepoint tells what becomes of a dentry");
	check_slab_tracepoints(kernel);
}

/*
 * d_splice_alias() is no more than a call of d_splice_alias_ops() on kernels that have it (seen on
 * 6.18, where it is 16 bytes long), and procfs calls that one itself.
 */
static void find_splice(BpfObject &object, const KernelBtf &kernel)
{
	const char *called_by_all = "d_splice_alias_ops";

	if (kernel.has_function(called_by_all))
		object.retarget("lookup_splice", called_by_all);
}

Hook dentry_hook(const char *name, const char *prefix, const Options &options)
{
	Hook::Spec spec = {.name = name, .stem = "dentry", .prefix = prefix};

	spec.check = [prefix](const std::string &backend, const KernelBtf &kernel) {
		if (backend == "tracepoint")
			check_tracepoint(prefix, kernel);
	};
	spec.prepare = [prefix, &options](const std::string &backend, BpfObject &object,
					  const KernelBtf &kernel) {
		uint32_t norcu = kernel.dcache_norcu();

		object.set_global("dcache_norcu", &norcu, sizeof(norcu));
		CounterTable::prepare(object, options.max_cgroups);
		LiveSample::prepare(object, options.live);
		if (backend == "tracepoint")
			object.set_constant(DS_DENTRY_CACHE, dentry_cache(object.path));
		else if (std::string("lookup_") == prefix)
			find_splice(object, kernel);
	};
	spec.first = [&options](const BpfObject &object) {
		CounterTable::hand_out(object.map_fd("free_places"), options.max_cgroups);
	};
	return Hook(spec);
}

Hook cgroup_life_hook(const Options &options)
{
	Hook::Spec spec = {.name = "cgroup_life", .stem = "cgroup_life", .prefix = "life_"};

	spec.tracepoint_only = true;
	spec.prepare = [&options](const std::string &, BpfObject &object, const KernelBtf &) {
		object.set_max_entries("cgroup_events", options.event_ring_bytes);
	};
	return Hook(spec);
}

} // namespace dentryscope
