// SPDX-License-Identifier: Apache-2.0
#include "cgroup_map.hh"

#include "bpf_object.hh"
#include "libbpf_log.hh"

#include <algorithm>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>

namespace dentryscope
{

Counts &Counts::operator+=(const Counts &other)
{
	allocated += other.allocated;
	freed += other.freed;
	allocated_all += other.allocated_all;
	freed_all += other.freed_all;
	unpaired += other.unpaired;
	return *this;
}

CgroupMap::CgroupMap(int cgroups_fd, int spill_fd, bool takes_back)
    : cgroups_fd(cgroups_fd), spill_fd(spill_fd), takes_back(takes_back),
      cpus(libbpf_num_possible_cpus())
{
	make_room(256);
}

Counts CgroupMap::sum(const ds_counters *per_cpu) const
{
	uint64_t v[DS_NR_COUNTERS] = {};
	Counts counts;

	for (int cpu = 0; cpu < cpus; cpu++)
		for (int i = 0; i < DS_NR_COUNTERS; i++)
			v[i] += per_cpu[cpu].value[i];
	counts.allocated = v[DS_DENTRIES_ALLOCATED] - (v[DS_ALLOC_FAILED] - v[DS_PSEUDO_FAILED]);
	counts.freed = v[DS_DENTRIES_FREED];
	counts.allocated_all =
	    v[DS_DENTRIES_ALLOCATED] + v[DS_PSEUDO_ALLOCATED] - v[DS_ALLOC_FAILED];
	counts.freed_all = v[DS_DENTRIES_FREED] + v[DS_PSEUDO_FREED];
	counts.unpaired = v[DS_ALLOC_UNPAIRED];
	return counts;
}

/*
 * One bpf(BPF_MAP_LOOKUP_BATCH) (057996380a42, 5.6): a tenth of the price of next_key and lookup.
 * ENOENT says it was the last one, ENOSPC that a single hash bucket holds more than there is room
 * for. Returns whether there is more.
 */
bool CgroupMap::read_batch(uint32_t *from, uint32_t *next, uint32_t *count)
{
	for (;;) {
		*count = keys.size();
		if (!bpf_map_lookup_batch(cgroups_fd, from, next, keys.data(), values.data(), count,
					  nullptr))
			return true;
		if (errno == ENOENT)
			return false;
		if (errno != ENOSPC)
			throw BpfError("read map cgroups: " + errno_text(errno));
		make_room(keys.size() * 2);
	}
}

void CgroupMap::make_room(size_t entries)
{
	keys.resize(entries);
	values.resize(entries * cpus);
}

std::vector<Column> CgroupMap::read_all()
{
	std::vector<Column> columns;
	uint32_t position = 0, count = 0;
	bool more = read_batch(nullptr, &position, &count);

	for (;;) {
		for (uint32_t i = 0; i < count; i++)
			columns.push_back({keys[i], sum(&values[size_t(i) * cpus])});
		if (!more)
			return columns;
		uint32_t from = position;
		more = read_batch(&from, &position, &count);
	}
}

/*
 * A failed allocation in flight is counted at its entry and taken back at its return (kprobe
 * backend). A counter that a window has reported must not go back: it waits until the next
 * allocation has caught up.
 */
void CgroupMap::never_back(Column &column)
{
	uint64_t &high = highest[column.id];

	high = std::max(high, column.counts.allocated);
	column.counts.allocated = high;
}

Drained CgroupMap::drain()
{
	Drained drained;

	drained.cgroups = read_all();
	drained.overflow = spilled(DS_SPILL_OVERFLOW);
	drained.totals = forgotten;
	drained.totals += drained.overflow;
	drained.totals += spilled(DS_SPILL_NODE);
	for (Column &column : drained.cgroups) {
		drained.totals += column.counts;
		if (takes_back)
			never_back(column);
	}
	return drained;
}

void CgroupMap::forget(const uint64_t *ids, size_t count)
{
	std::vector<ds_counters> values(cpus);

	for (size_t i = 0; i < count; i++) {
		if (bpf_map_lookup_elem(cgroups_fd, &ids[i], values.data()))
			continue;
		if (bpf_map_delete_elem(cgroups_fd, &ids[i]))
			continue;
		forgotten += sum(values.data());
		highest.erase(ids[i]);
	}
}

Counts CgroupMap::spilled(ds_spill which) const
{
	std::vector<ds_counters> values(cpus);
	uint32_t key = which;

	if (bpf_map_lookup_elem(spill_fd, &key, values.data()))
		throw BpfError("read map spill: " + errno_text(errno));
	return sum(values.data());
}

} // namespace dentryscope
