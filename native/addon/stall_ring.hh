// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>
#include <dentryscope.h>
#include <vector>

namespace dentryscope
{

/* The ring of bpf/include/stall.h, emptied by polling. */
class StallRing
{
      public:
	explicit StallRing(int ring_fd);
	~StallRing();
	StallRing(const StallRing &) = delete;
	StallRing &operator=(const StallRing &) = delete;

	std::vector<ds_stall> poll();

      private:
	ring_buffer *ring;
	std::vector<ds_stall> stalls;
};

} // namespace dentryscope
