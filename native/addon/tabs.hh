// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mapped.hh"

#include <bpf/bpf.h>
#include <dentryscope.h>
#include <string>

namespace dentryscope
{

/*
 * What CPUs have counted and not yet given to an entry (bpf/include/tab.h), read while they go on.
 * What an entry counted and what is owed to it add up to a figure that never goes back: a reader
 * that meets a change of `key` and `settled` looks again, as readers of a seqlock do.
 */
class Tabs
{
      public:
	static constexpr const char *map = ".data.tabs";

	/* As many as the programs were compiled with. */
	explicit Tabs(int fd) : size(bytes_of(fd) / sizeof(ds_tab)), tabs(fd, size, map) {}

	/* DS_DENTRIES_ALLOCATED of the entry of `key`, where `counted` is that word of it. */
	uint64_t allocated(unsigned cpu, uint32_t key, const __u64 &counted) const
	{
		if (cpu >= size)
			return read_word(counted);
		const ds_tab &tab = tabs[cpu];
		for (;;) {
			uint32_t before = __atomic_load_n(&tab.changes, __ATOMIC_ACQUIRE);
			uint64_t sum = read_word(counted);
			if (__atomic_load_n(&tab.key, __ATOMIC_RELAXED) == key)
				sum += read_word(tab.allocated) - read_word(tab.settled);
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			bool changing = before % 2;
			if (!changing && __atomic_load_n(&tab.changes, __ATOMIC_RELAXED) == before)
				return sum;
		}
	}

	uint64_t freed(unsigned cpu) const
	{
		return cpu < size ? read_word(tabs[cpu].freed) : 0;
	}

	/* The next event of that CPU asks whose it is, where it would be the entry of `key`. */
	void forget(unsigned cpu, uint32_t key)
	{
		if (cpu < size && __atomic_load_n(&tabs[cpu].key, __ATOMIC_RELAXED) == key)
			__atomic_store_n(&tabs[cpu].known, 0, __ATOMIC_SEQ_CST);
	}

      private:
	static size_t bytes_of(int fd)
	{
		bpf_map_info info = {};
		__u32 info_bytes = sizeof(info);

		if (bpf_obj_get_info_by_fd(fd, &info, &info_bytes))
			throw BpfError(std::string("map ") + map + ": " + errno_text(errno));
		return info.value_size;
	}

	const unsigned size;
	Mapped<ds_tab> tabs;
};

} // namespace dentryscope
