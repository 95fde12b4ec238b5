// SPDX-License-Identifier: Apache-2.0
#include "checks.hh"

#include "bpf_object.hh"

#include <cerrno>
#include <cstdint>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace dentryscope
{

/* Counting by comparing caches needs the cache among the arguments (2c1d697fb8ba, 6.1). */
void check_slab_tracepoints(const KernelBtf &kernel)
{
	for (const char *tracepoint : {"kmem_cache_alloc", "kmem_cache_free"}) {
		auto seen = kernel.tracepoint_has_struct(tracepoint, 2, "kmem_cache");

		if (!seen)
			throw BpfError(std::string("this kernel has no tracepoint kmem:") +
				       tracepoint);
		if (!*seen)
			throw BpfError(std::string("tracepoint kmem:") + tracepoint +
				       " does not say which slab cache (Linux before 6.1)");
	}
}

void check_kprobes()
{
	for (const char *path :
	     {"/sys/bus/event_source/devices/kprobe/type", "/sys/kernel/tracing/kprobe_events",
	      "/sys/kernel/debug/tracing/kprobe_events"})
		if (!access(path, F_OK))
			return;
	throw BpfError("this kernel has no kprobes (CONFIG_KPROBE_EVENTS)");
}

static uint64_t effective_capabilities()
{
	__user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	__user_cap_data_struct data[2] = {};

	syscall(SYS_capget, &header, data);
	return data[0].effective | uint64_t(data[1].effective) << 32;
}

/* Before 5.11 maps were charged to it; since then to the memory cgroup. */
static std::string memlock_hint()
{
	rlimit limit = {};

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY)
		return "";
	return "; or, before Linux 5.11, RLIMIT_MEMLOCK (" + std::to_string(limit.rlim_cur) +
	       " bytes)";
}

std::string permission_hint(int err)
{
	uint64_t have = effective_capabilities();
	auto lacks = [have](int capability) { return !(have >> capability & 1); };

	if (err != EPERM && err != -EPERM)
		return "";
	if (lacks(CAP_SYS_ADMIN) && (lacks(CAP_BPF) || lacks(CAP_PERFMON)))
		return "the process needs CAP_BPF and CAP_PERFMON";
	return "the process has CAP_BPF and CAP_PERFMON, so it is the kernel's configuration, "
	       "lockdown or a "
	       "security module that refuses" +
	       memlock_hint();
}

} // namespace dentryscope
