// SPDX-License-Identifier: Apache-2.0
#include "kernel_btf.hh"

#include "libbpf_log.hh"
#include "memory.hh"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cerrno>

namespace dentryscope
{

KernelBtf::KernelBtf()
{
	LibbpfLog log;

	types = btf__load_vmlinux_btf();
	if (!types)
		missing = "the kernel has no type information (CONFIG_DEBUG_INFO_BTF): " +
			  errno_text(errno);
}

KernelBtf::~KernelBtf()
{
	btf__free(types);
	give_memory_back();
}

std::optional<unsigned> KernelBtf::enumerator(const char *type_name, const std::string &name) const
{
	int id = types ? btf__find_by_name_kind(types, type_name, BTF_KIND_ENUM) : -1;

	if (id < 0)
		return std::nullopt;
	const btf_type *type = btf__type_by_id(types, id);
	const struct btf_enum *values = btf_enum(type);
	for (int i = 0; i < btf_vlen(type); i++)
		if (name == btf__name_by_offset(types, values[i].name_off))
			return values[i].val;
	return std::nullopt;
}

std::optional<unsigned> KernelBtf::cgroup_subsys(const std::string &controller) const
{
	return enumerator("cgroup_subsys_id",
			  (controller == "blkio" ? "io" : controller) + "_cgrp_id");
}

unsigned KernelBtf::dcache_norcu() const
{
	return enumerator("dentry_flags", "DCACHE_NORCU").value_or(0x40000000);
}

bool KernelBtf::has_function(const char *name) const
{
	return types && btf__find_by_name_kind(types, name, BTF_KIND_FUNC) >= 0;
}

static const btf_type *strip(const btf *types, __u32 id)
{
	const btf_type *type = btf__type_by_id(types, id);

	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = btf__type_by_id(types, type->type);
	return type;
}

std::optional<bool> KernelBtf::tracepoint_has_struct(const std::string &tracepoint, unsigned index,
						     const std::string &name) const
{
	int id = types ? btf__find_by_name_kind(types, ("btf_trace_" + tracepoint).c_str(),
						BTF_KIND_TYPEDEF)
		       : -1;

	if (id < 0)
		return std::nullopt;
	/* typedef void (*btf_trace_X)(void *__data, the tracepoint's arguments) */
	const btf_type *pointer = strip(types, id);
	const btf_type *proto = strip(types, pointer->type);
	if (index + 1 >= btf_vlen(proto))
		return false;
	const btf_type *argument = strip(types, btf_params(proto)[index + 1].type);
	if (!argument || !btf_is_ptr(argument))
		return false;
	const btf_type *target = strip(types, argument->type);
	return target && btf_is_struct(target) &&
	       name == btf__name_by_offset(types, target->name_off);
}

} // namespace dentryscope
