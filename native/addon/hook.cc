// SPDX-License-Identifier: Apache-2.0
#include "hook.hh"

#include "checks.hh"

#include <fcntl.h>
#include <unistd.h>

namespace dentryscope
{

static const char *shared_maps[] = {"cgroups", "spill"};

SharedMaps::~SharedMaps()
{
	close_all();
}

void SharedMaps::close_all()
{
	for (auto &[name, fd] : fds)
		close(fd);
	fds.clear();
}

void SharedMaps::lend(BpfObject &object) const
{
	for (auto &[name, fd] : fds)
		if (object.has_map(name.c_str()))
			object.reuse_map(name.c_str(), fd);
}

void SharedMaps::keep(const BpfObject &object)
{
	for (const char *name : shared_maps)
		if (!fds.count(name) && object.has_map(name))
			fds[name] = fcntl(object.map_fd(name), F_DUPFD_CLOEXEC, 0);
}

int SharedMaps::fd(const char *name) const
{
	auto found = fds.find(name);

	return found == fds.end() ? -1 : found->second;
}

static ds_cgroup_rule rule_of(const Options &options, const KernelBtf &kernel)
{
	ds_cgroup_rule rule = {};

	rule.prefer_v1 = options.prefer_v1;
	for (const auto &controller : options.v1_controllers) {
		auto id = kernel.cgroup_subsys(controller);
		if (id && rule.nr_v1 < DS_MAX_V1)
			rule.v1_subsys[rule.nr_v1++] = *id;
	}
	return rule;
}

/* The tracepoints learn the cache's address from the first dentry they see: a pipe has one. */
static void learn_dentry_cache(const BpfObject &object)
{
	int ends[2];

	for (int i = 0; i < 3 && !object.read_global("dentry_cache"); i++) {
		if (pipe2(ends, O_CLOEXEC))
			continue;
		close(ends[0]);
		close(ends[1]);
	}
	if (!object.read_global("dentry_cache"))
		throw BpfError("attached, but no slab cache called \"dentry\" was seen");
}

static std::string file_of(const Hook &hook, const std::string &backend)
{
	if (hook.name == "cgroup_life")
		return "cgroup_life.bpf.o";
	return "dentry_" + backend + ".bpf.o";
}

void Hook::attempt(const std::string &with, const Options &options, const KernelBtf &kernel,
		   SharedMaps &maps)
{
	bool slab = with == "tracepoint" && name != "cgroup_life";
	auto rule = rule_of(options, kernel);
	uint32_t norcu = kernel.dcache_norcu();

	if (!kernel.missing.empty())
		throw BpfError(kernel.missing);
	if (slab)
		check_slab_tracepoints(kernel);
	if (with == "kprobe")
		check_kprobes();
	object = std::make_unique<BpfObject>(options.bpf_dir + "/" + file_of(*this, with), prefix);
	object->set_rodata("rule", &rule, sizeof(rule));
	object->set_rodata("dcache_norcu", &norcu, sizeof(norcu));
	if (object->has_map("cgroups"))
		object->set_max_entries("cgroups", options.max_cgroups);
	if (object->has_map("cgroup_events"))
		object->set_max_entries("cgroup_events", options.event_ring_bytes);
	maps.lend(*object);
	object->load();
	object->attach();
	if (slab && prefix == "alloc_")
		learn_dentry_cache(*object);
	maps.keep(*object);
}

void Hook::open(const Options &options, const KernelBtf &kernel, SharedMaps &maps)
{
	/* Cgroup life has tracepoints only: they exist wherever cgroups and BTF do. */
	std::vector<std::string> trials = options.backends;
	if (name == "cgroup_life")
		trials = {"tracepoint"};

	for (const auto &trial : trials) {
		try {
			attempt(trial, options, kernel, maps);
			backend = trial;
			return;
		} catch (const BpfError &error) {
			object.reset();
			tried.push_back({trial, error.what()});
		}
	}
}

} // namespace dentryscope
