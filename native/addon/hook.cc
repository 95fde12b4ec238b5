// SPDX-License-Identifier: Apache-2.0
#include "hook.hh"

#include "checks.hh"

#include <fcntl.h>
#include <unistd.h>

namespace dentryscope
{

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
	for (const char *name : names) {
		if (fds.count(name) || !object.has_map(name))
			continue;
		int fd = fcntl(object.map_fd(name), F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			throw BpfError(std::string("keep map ") + name + ": " + errno_text(errno));
		fds[name] = fd;
	}
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

void Hook::attempt(const std::string &with, const Options &options, const KernelBtf &kernel,
		   SharedMaps &maps)
{
	auto rule = rule_of(options, kernel);

	if (!kernel.missing.empty())
		throw BpfError(kernel.missing);
	if (with == "kprobe")
		check_kprobes();
	if (spec.check)
		spec.check(with, kernel);
	object = std::make_unique<BpfObject>(
	    options.bpf_dir + "/" + spec.stem + "_" + with + ".bpf.o", spec.prefix);
	object->set_global("rule", &rule, sizeof(rule));
	if (spec.prepare)
		spec.prepare(with, *object, kernel);
	maps.lend(*object);
	object->load();
	if (maps.empty() && spec.first)
		spec.first(*object);
	object->attach();
	if (spec.attached)
		spec.attached(with, *object);
	maps.keep(*object);
}

void Hook::open(const Options &options, const KernelBtf &kernel, SharedMaps &maps)
{
	std::vector<std::string> trials = options.backends;
	if (spec.tracepoint_only)
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
