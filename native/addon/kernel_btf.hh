// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

struct btf;

namespace dentryscope
{

/* Questions to the running kernel's own type information. */
class KernelBtf
{
      public:
	KernelBtf();
	~KernelBtf();
	KernelBtf(const KernelBtf &) = delete;
	KernelBtf &operator=(const KernelBtf &) = delete;

	/* Empty when BTF is there, else why not. */
	std::string missing;

	/* `memory` gives memory_cgrp_id of this kernel. */
	std::optional<unsigned> cgroup_subsys(const std::string &controller) const;
	/* The bit of d_flags. An enumerator since 6.15 (b2b4483b5d05), which moved it; a #define
	 * before. */
	unsigned dcache_norcu() const;
	bool has_function(const char *name) const;
	/* Whether argument `index` of a tracepoint points to struct `name`; nothing when the
	 * tracepoint is unknown. */
	std::optional<bool> tracepoint_has_struct(const std::string &tracepoint, unsigned index,
						  const std::string &name) const;

      private:
	std::optional<unsigned> enumerator(const char *type_name, const std::string &name) const;

	btf *types = nullptr;
};

} // namespace dentryscope
