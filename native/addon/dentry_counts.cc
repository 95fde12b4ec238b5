// SPDX-License-Identifier: Apache-2.0
#include "dentry_counts.hh"

#include <algorithm>

namespace dentryscope
{

static_assert(int(DS_NR_NODE_COUNTERS) <= int(DS_NR_COUNTERS),
	      "the node's words lie in an entry like all");

DentryCounts::DentryCounts(const std::function<int(const char *)> &fd, uint32_t max_cgroups,
			   bool takes_back)
    : table(fd, DS_NR_COUNTERS, max_cgroups), takes_back(takes_back), forgotten(DS_NR_COUNTERS)
{
}

static Counts counts_of(const Words &words)
{
	Counts counts;

	counts[ALLOCATED] = words[DS_DENTRIES_ALLOCATED];
	counts[FREED] = words[DS_DENTRIES_FREED];
	counts[NEGATIVE_BY_LOOKUP] = words[DS_MISSED_BY_SPLICE] + words[DS_MISSED_BY_ADD];
	counts[NEGATIVE_BY_UNLINK] = words[DS_NEGATIVE_BY_UNLINK];
	counts[INSTANTIATED] = words[DS_INSTANTIATED];
	counts[POSITIVE_BY_LOOKUP] = words[DS_FOUND_BY_SPLICE] + words[DS_FOUND_BY_ADD];
	counts[NEGATIVES_FREED] = words[DS_NEGATIVES_FREED];
	return counts;
}

static constexpr uint64_t overflow_id = 0; /* no cgroup's */

/*
 * A failed allocation in flight is counted at its entry and taken back at its return (kprobe
 * backend). A counter that a window has reported must not go back: it waits until the next
 * allocation has caught up. So it does below 0, where what is taken back was counted elsewhere: its
 * task was moved meanwhile, or the entry came before the probe.
 */
static uint64_t raised(uint64_t &high, uint64_t counted)
{
	return high = std::max<int64_t>(high, counted);
}

void DentryCounts::never_back(uint64_t id, Counts &counts)
{
	if (takes_back)
		counts[ALLOCATED] = raised(highest[id], counts[ALLOCATED]);
}

void DentryCounts::add_node(Drained &drained) const
{
	Words node = table.reserved(DS_PLACE_NODE);

	drained.allocated_all += node[DS_PSEUDO_ALLOCATED];
	drained.freed_all += node[DS_PSEUDO_FREED] + node[DS_FREED_BY_NOBODY];
	drained.old_died = node[DS_OLD_DIED];
	drained.old_died_variance = node[DS_OLD_DIED_VARIANCE];
	drained.unpaired = node[DS_ALLOC_UNPAIRED];
}

Drained DentryCounts::drain()
{
	Drained drained;
	Words total = forgotten;

	table.each([&](uint64_t id, const Words &words) {
		Counts counts = counts_of(words);

		total += words;
		never_back(id, counts);
		drained.ids.push_back(id);
		drained.rows.push_back(counts);
	});
	Words overflow = table.reserved(DS_PLACE_OVERFLOW);
	total += overflow;
	drained.overflow = counts_of(overflow);
	never_back(overflow_id, drained.overflow);
	drained.allocated_all = total[DS_DENTRIES_ALLOCATED];
	drained.freed_all = total[DS_DENTRIES_FREED];
	add_node(drained);
	return drained;
}

void DentryCounts::forget(const uint64_t *ids, size_t count)
{
	forgotten += table.forget(ids, count);
	for (size_t i = 0; i < count; i++)
		highest.erase(ids[i]);
}

uint64_t DentryCounts::unpaired() const
{
	return table.reserved(DS_PLACE_NODE)[DS_ALLOC_UNPAIRED];
}

} // namespace dentryscope
