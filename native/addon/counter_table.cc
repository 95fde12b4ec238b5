// SPDX-License-Identifier: Apache-2.0
#include "counter_table.hh"

#include "cpus.hh"

#include <bpf/bpf.h>

namespace dentryscope
{

const std::vector<const char *> CounterTable::maps = {"entries", "owners", "places", "free_places",
						      "slots"};

Words &operator+=(Words &sum, const Words &other)
{
	for (size_t i = 0; i < sum.size(); i++)
		sum[i] += other[i];
	return sum;
}

void CounterTable::prepare(BpfObject &object, uint32_t max_cgroups)
{
	uint32_t cpus = nr_cpu_ids();
	uint32_t places = max_cgroups + DS_NR_RESERVED_PLACES;

	object.set_global("nr_cpus", &cpus, sizeof(cpus));
	object.set_global("nr_places", &places, sizeof(places));
	object.set_max_entries("entries", places * cpus);
	object.set_max_entries("owners", places);
	object.set_max_entries("places", places);
	object.set_max_entries("free_places", places);
	object.set_max_entries("slots", DS_NR_SLOTS * cpus);
}

CounterTable::CounterTable(const std::function<int(const char *)> &fd, unsigned words,
			   uint32_t max_cgroups)
    : words(words), nr_places(max_cgroups + DS_NR_RESERVED_PLACES), cpus(nr_cpu_ids()),
      places_fd(fd("places")), free_places_fd(fd("free_places")),
      entries(fd("entries"), size_t(nr_places) * cpus * (words + 1), "entries"),
      owners(fd("owners"), nr_places, "owners")
{
	if (int tabs_fd = fd(Tabs::map); tabs_fd >= 0)
		tabs.emplace(tabs_fd);
}

void CounterTable::hand_out(int free_places_fd, uint32_t max_cgroups)
{
	for (uint32_t i = 0; i < max_cgroups; i++) {
		uint32_t place = DS_NR_RESERVED_PLACES + i;

		if (bpf_map_update_elem(free_places_fd, nullptr, &place, 0))
			throw BpfError("fill map free_places: " + errno_text(errno));
	}
}

uint32_t CounterTable::key_of(unsigned cpu, uint32_t place) const
{
	return cpu * nr_places + place;
}

__u64 *CounterTable::entry_of(uint32_t key) const
{
	return &entries[size_t(key) * (words + 1)];
}

uint64_t CounterTable::count_of(unsigned cpu, uint32_t key, unsigned word) const
{
	const __u64 &counted = entry_of(key)[1 + word];

	if (tabs && word == DS_DENTRIES_ALLOCATED)
		return tabs->allocated(cpu, key, counted);
	return read_word(counted);
}

Words CounterTable::sum(uint32_t place) const
{
	Words out(words);

	for (unsigned cpu = 0; cpu < cpus; cpu++)
		for (unsigned i = 0; i < words; i++)
			out[i] += count_of(cpu, key_of(cpu, place), i);
	return out;
}

void CounterTable::each(const std::function<void(uint64_t, const Words &)> &visit) const
{
	for (uint32_t place = DS_NR_RESERVED_PLACES; place < nr_places; place++) {
		uint64_t id = read_word(owners[place]);

		if (!id)
			continue;
		Words counted = sum(place);
		if (auto base = bases.find(place); base != bases.end())
			for (unsigned i = 0; i < words; i++)
				counted[i] -= base->second[i];
		visit(id, counted);
	}
}

/* No CPU finds its entry by the id any more: who counts again gets another place. */
void CounterTable::disown(uint32_t place)
{
	owners[place] = 0;
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		uint32_t key = key_of(cpu, place);
		__atomic_store_n(entry_of(key), 0, __ATOMIC_RELEASE);
		if (tabs)
			tabs->forget(cpu, key);
	}
}

Words CounterTable::reserved(ds_place place) const
{
	Words out = sum(place);

	if (tabs && place == DS_PLACE_NODE)
		for (unsigned cpu = 0; cpu < cpus; cpu++)
			out[DS_FREED_BY_NOBODY] += tabs->freed(cpu);
	return out;
}

Words CounterTable::forget(const uint64_t *ids, size_t count)
{
	Words gone(words);

	for (size_t i = 0; i < count; i++) {
		uint32_t place;

		if (bpf_map_lookup_elem(places_fd, &ids[i], &place) ||
		    bpf_map_delete_elem(places_fd, &ids[i]))
			continue;
		disown(place);
		Words counted = sum(place);
		Words &base = bases.try_emplace(place, words).first->second;
		gone += counted;
		for (unsigned word = 0; word < words; word++)
			gone[word] -= base[word];
		base = counted;
		bpf_map_update_elem(free_places_fd, nullptr, &place, 0);
	}
	return gone;
}

} // namespace dentryscope
