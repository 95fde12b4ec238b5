// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mapped.hh"

#include <dentryscope.h>

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

	explicit Tabs(int fd) : tabs(fd, DS_NR_TABS, map) {}

	/* DS_DENTRIES_ALLOCATED of the entry of `key`, where `counted` is that word of it. */
	uint64_t allocated(unsigned cpu, uint32_t key, const __u64 &counted) const
	{
		if (cpu >= DS_NR_TABS)
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
		return cpu < DS_NR_TABS ? read_word(tabs[cpu].freed) : 0;
	}

	/* The next event of that CPU asks whose it is, where it would be the entry of `key`. */
	void forget(unsigned cpu, uint32_t key)
	{
		if (cpu < DS_NR_TABS && __atomic_load_n(&tabs[cpu].key, __ATOMIC_RELAXED) == key)
			__atomic_store_n(&tabs[cpu].known, 0, __ATOMIC_SEQ_CST);
	}

      private:
	Mapped<ds_tab> tabs;
};

} // namespace dentryscope
