// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>
#include <dentryscope.h>
#include <vector>

namespace dentryscope
{

/* The ring buffer of cgroup life, emptied by polling. */
class CgroupEvents
{
      public:
	explicit CgroupEvents(int ring_fd);
	~CgroupEvents();
	CgroupEvents(const CgroupEvents &) = delete;
	CgroupEvents &operator=(const CgroupEvents &) = delete;

	std::vector<ds_cgroup_event> poll();

      private:
	ring_buffer *ring;
	std::vector<ds_cgroup_event> events;
};

} // namespace dentryscope
