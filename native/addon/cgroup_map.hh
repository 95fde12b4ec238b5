// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <dentryscope.h>
#include <unordered_map>
#include <vector>

namespace dentryscope
{

/* Counters as user space knows them, computed from the kernel's words. */
struct Counts {
	uint64_t allocated = 0;
	uint64_t freed = 0;
	uint64_t allocated_all = 0;
	uint64_t freed_all = 0;
	uint64_t unpaired = 0;

	Counts &operator+=(const Counts &other);
};

struct Column {
	uint64_t id;
	Counts counts;
};

struct Drained {
	std::vector<Column> cgroups;
	Counts overflow;
	Counts totals;
};

/* The map of cgroups and the spill entries, summed over CPUs. */
class CgroupMap
{
      public:
	/* `takes_back`: the kernel side counts at entry and corrects later (kprobe). Descriptors
	 * stay the caller's. */
	CgroupMap(int cgroups_fd, int spill_fd, bool takes_back);

	Drained drain();
	/* Deletes entries; what they had counted stays in the totals. Only for cgroups that are
	 * gone. */
	void forget(const uint64_t *ids, size_t count);
	Counts spilled(ds_spill which) const;

      private:
	Counts sum(const ds_counters *per_cpu) const;
	std::vector<Column> read_all();
	bool read_batch(uint32_t *from, uint32_t *next, uint32_t *count);
	void make_room(size_t entries);
	void never_back(Column &column);

	int cgroups_fd;
	int spill_fd;
	bool takes_back;
	int cpus;
	std::vector<uint64_t> keys; /* room for one batch */
	std::vector<ds_counters> values;
	Counts forgotten;
	std::unordered_map<uint64_t, uint64_t> highest;
};

} // namespace dentryscope
