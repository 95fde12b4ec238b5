// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
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
	/* Whether argument `index` of a tracepoint points to struct `name`; nothing when the
	 * tracepoint is unknown. */
	std::optional<bool> tracepoint_has_struct(const std::string &tracepoint, unsigned index,
						  const std::string &name) const;

      private:
	btf *types = nullptr;
};

} // namespace dentryscope
