// SPDX-License-Identifier: Apache-2.0
#include "sched_hooks.hh"

#include "counter_table.hh"

namespace dentryscope
{

static Hook::Spec spec_of(const char *name, const char *stem, const char *prefix,
			  const SchedOptions &options)
{
	Hook::Spec spec = {.name = name, .stem = stem, .prefix = prefix, .tracepoint_only = true};

	spec.first = [&options](const BpfObject &object) {
		CounterTable::hand_out(object.map_fd("free_places"), options.common.max_cgroups);
	};
	return spec;
}

Hook run_queue_hook(const SchedOptions &options)
{
	Hook::Spec spec = spec_of("run_queue", "sched", "queue_", options);

	spec.prepare = [&options](const std::string &, BpfObject &object, const KernelBtf &) {
		object.set_global("stall_ns", &options.run_queue_stall_ns,
				  sizeof(options.run_queue_stall_ns));
		object.set_max_entries("wait_starts", options.max_threads);
		CounterTable::prepare(object, options.common.max_cgroups);
	};
	return Hook(spec);
}

Hook lock_contention_hook(const SchedOptions &options)
{
	Hook::Spec spec = spec_of("lock_contention", "lock", "lock_", options);

	spec.check = [](const std::string &, const KernelBtf &kernel) {
		if (!kernel.tracepoint_has_struct("contention_begin", 0, ""))
			throw BpfError("this kernel has no tracepoint lock:contention_begin "
				       "(Linux before 5.19)");
	};
	spec.prepare = [&options](const std::string &, BpfObject &object, const KernelBtf &) {
		object.set_global("stall_ns", &options.lock_stall_ns,
				  sizeof(options.lock_stall_ns));
		CounterTable::prepare(object, options.common.max_cgroups);
	};
	return Hook(spec);
}

} // namespace dentryscope
