// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "counter_table.hh"

#include <array>

namespace dentryscope
{

/* What JavaScript knows a cgroup's counters by, in the order of `Counts`. */
enum Counter {
	ALLOCATED,
	FREED,
	NEGATIVE_BY_LOOKUP,
	NEGATIVE_BY_UNLINK,
	INSTANTIATED,
	POSITIVE_BY_LOOKUP,
	NEGATIVES_FREED,
	NR_COUNTERS,
};
using Counts = std::array<uint64_t, NR_COUNTERS>;

struct Drained {
	std::vector<uint64_t> ids;
	std::vector<Counts> rows; /* parallel to ids */
	Counts overflow{};
	/* Of the node, pseudo dentries included. */
	uint64_t allocated_all = 0;
	uint64_t freed_all = 0;
	/* Of dentries older than the probe, and its variance; see bpf/include/live.h. */
	uint64_t old_died = 0;
	uint64_t old_died_variance = 0;
	uint64_t unpaired = 0;
};

/* The dentry programs' counts. */
class DentryCounts
{
      public:
	/* `takes_back`: the kernel side counts at entry and corrects later (kprobe). */
	DentryCounts(const std::function<int(const char *)> &fd, uint32_t max_cgroups,
		     bool takes_back);

	Drained drain();
	/* Only for cgroups that are gone; what they had counted stays in the totals. */
	void forget(const uint64_t *ids, size_t count);
	uint64_t unpaired() const;

      private:
	void add_node(Drained &drained) const;
	void never_back(uint64_t id, Counts &counts);

	CounterTable table;
	bool takes_back;
	Words forgotten;
	std::unordered_map<uint64_t, uint64_t> highest;
};

} // namespace dentryscope
