// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bpf_object.hh"
#include "mapped.hh"
#include "tabs.hh"

#include <cstdint>
#include <dentryscope.h>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dentryscope
{

/* Counters of one owner, summed over CPUs. */
using Words = std::vector<uint64_t>;

/* The maps of bpf/include/count.h: who has which place, and what was counted there. Reading costs
 * no system call. */
class CounterTable
{
      public:
	static const std::vector<const char *> maps;
	/* Before load: gives an object's maps the sizes for so many cgroups. */
	static void prepare(BpfObject &object, uint32_t max_cgroups);

	/* Before attach, once a set of maps: without free places all counts go to the overflow. */
	static void hand_out(int free_places_fd, uint32_t max_cgroups);

	/* `fd` gives the descriptors of `maps`, which stay the caller's, and of Tabs::map where the
	 * programs run up tabs, else -1. */
	CounterTable(const std::function<int(const char *)> &fd, unsigned words,
		     uint32_t max_cgroups);

	/* Cgroups that have a place, with their counts. */
	void each(const std::function<void(uint64_t id, const Words &words)> &visit) const;
	Words reserved(ds_place place) const;
	/* Gives the places of cgroups that are gone to others. @returns what they had counted, all
	 * together */
	Words forget(const uint64_t *ids, size_t count);

      private:
	uint32_t key_of(unsigned cpu, uint32_t place) const;
	__u64 *entry_of(uint32_t key) const;
	uint64_t count_of(unsigned cpu, uint32_t key, unsigned word) const;
	Words sum(uint32_t place) const;
	void disown(uint32_t place);

	const unsigned words;
	const uint32_t nr_places;
	const unsigned cpus;
	const int places_fd;
	const int free_places_fd;
	/* An entry is its id, then its words. */
	Mapped<__u64> entries;
	Mapped<__u64> owners;
	std::optional<Tabs> tabs;
	/* What a place had counted for those who had it before. */
	std::unordered_map<uint32_t, Words> bases;
};

Words &operator+=(Words &sum, const Words &other);

} // namespace dentryscope
