// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>
#include <cstdint>
#include <reclaim_types.h>
#include <vector>

namespace dentryscope
{

struct Reclaimed {
	ds_reclaim_key key;
	ds_reclaim_sum sum;
};

struct Shrunk {
	ds_shrinker_key key;
	ds_shrinker_sum sum;
};

/* Readers of the maps in bpf/include/reclaim.h; each throws BpfError. Some hundred entries, so one
 * by one. */
std::vector<Reclaimed> read_reclaimed(int fd);
std::vector<Shrunk> read_shrinkers(int fd);
ds_reclaim_control read_reclaim_control(int fd);
/* Only for cgroups that are gone. */
void forget_reclaimed(int fd, const uint64_t *ids, size_t count);

/* The ring buffer of reclaim events, emptied by polling. */
class ReclaimEvents
{
      public:
	explicit ReclaimEvents(int ring_fd);
	~ReclaimEvents();
	ReclaimEvents(const ReclaimEvents &) = delete;
	ReclaimEvents &operator=(const ReclaimEvents &) = delete;

	std::vector<ds_reclaim_event> poll();

      private:
	ring_buffer *ring;
	std::vector<ds_reclaim_event> events;
};

} // namespace dentryscope
